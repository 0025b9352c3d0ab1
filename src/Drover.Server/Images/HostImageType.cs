using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Server.Api.Queries;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Audit;

namespace Drover.Server.Images;

/// <summary>The guest images as resources: <c>/v2-beta/hostImages</c>, by name. The folder of images is what is listed; nothing of it is in the database.</summary>
/// <remarks>Images belong to nobody's environment: everyone sees them, administrators change them.
/// <c>POST</c> begins to add one; with an <c>url</c> this server fetches it, without one the client sends it by <c>PUT …/NAME/file</c>.</remarks>
internal sealed class HostImageType : ResourceType
{
    private readonly ImageShelf _shelf;
    private readonly ImageIntake _intake;
    private readonly ImageIntakes _intakes;
    private readonly TimeProvider _time;

    public HostImageType(ImageShelf shelf, ImageIntake intake, ImageIntakes intakes, TimeProvider time)
    {
        (_shelf, _intake, _intakes, _time) = (shelf, intake, intakes, time);

        // Files are moved and read here; nobody's write to the database should wait for that.
        InTransaction = false;
        Access.Allow(Roles.Admin | Roles.Service, Verbs.All).Allow(Roles.People, Verbs.Read);
        Plain("name", "string").Creatable().Required().Length(1, ImageFolder.LongestName).Checked(ImageInput.Name);
        Plain("url", "string").Creatable().Length(0, 2048).Checked(ImageInput.Url).Says("http or https address of a qcow2 or raw disk. Without it the client sends the file.");
        Plain("sha256", "string").Creatable().Length(64, 64).Checked(ImageInput.Sha256).Says("SHA-256 of the file. Without it the image waits until somebody confirms the one that was found.");
        Plain("source", "string").Creatable().Length(0, 2048).Says("Where it came from; of a file that a client sends, its name.");
        Plain("boot", "enum").Creatable().OneOf("bios", "uefi").Default("bios").Says("The firmware that starts it.");
        Plain("state", "enum").OneOf([.. Enum.GetNames<ImageState>().Select(state => state.ToLowerInvariant())]);
        foreach (var (field, type) in new[] { ("kind", "string"), ("format", "string"), ("size", "int"), ("virtualSize", "int"), ("digest", "string"), ("created", "date"), ("machines", "array[string]"), ("cachedOn", "array[string]"), ("transitioning", "enum"), ("transitioningMessage", "string"), ("transitioningProgress", "int") })
        {
            Plain(field, type);
        }

        Act("confirm", image => image.State == ImageState.Unconfirmed, image => _intake.Confirm(image.Request!));
        Act("retry", image => image.State == ImageState.Failed, image => _intake.Retry(image.Request!));
        Act("verify", image => image.State is ImageState.Active or ImageState.Broken, _shelf.VerifyAsync);
    }

    /// <summary>Actions by name: when they are offered, and what they do.</summary>
    private Dictionary<string, (Func<ImageEntry, bool> Available, Func<ImageEntry, CancellationToken, Task> Run)> Doings { get; } = new(StringComparer.OrdinalIgnoreCase);

    public override async Task<ApiResult> ListAsync(ApiContext context)
    {
        var use = await ImageUsers.ReadAsync(context);
        var wanted = context.Http.Request.Query["name"].FirstOrDefault();
        var data = _shelf.List().Where(image => wanted is null || image.Name == wanted).Select(image => (JsonNode)Write(context, image, use)).ToArray();
        return ApiResult.Ok(CollectionReader.Frame(this, context, data, CollectionQuery.Parse(context.Http.Request.Query, this), null));
    }

    public override async Task<ApiResult> GetAsync(ApiContext context, string id) => ApiResult.Ok(Write(context, Find(id), await ImageUsers.ReadAsync(context)));

    public override async Task<ApiResult> CreateAsync(ApiContext context, JsonObject body)
    {
        if (_shelf.Root is null)
        {
            throw ApiError.Method("This server keeps no images.");
        }

        var fields = await FieldChecks.ForInputAsync(this, context, body);
        var name = (string)fields["name"]!;
        if (_shelf.Find(name) is { } there)
        {
            throw ApiError.Invalid("NotUnique", "name", $"There is an image '{name}' already ({ImageOutput.StateOf(there)}). Choose another name, or remove that one first.");
        }

        var url = (string?)fields["url"] is { Length: > 0 } given ? given : null;
        _shelf.WriteRequest(new ImageRequest
        {
            Name = name,
            Url = url,
            Source = url ?? (string?)fields["source"] ?? "sent by a client",
            Sha256 = (string?)fields["sha256"],
            Kind = (string?)fields["boot"] == "uefi" ? ImageKind.Uefi : ImageKind.Bios,
            Created = _time.GetUtcNow(),
        });
        await DoneAsync(context, "create", name);
        return new ApiResult(201, Write(context, Find(name), await ImageUsers.ReadAsync(context)));
    }

    /// <summary>Refused while machines use it, unless <c>?force=true</c>.</summary>
    public override async Task<ApiResult> DeleteAsync(ApiContext context, string id)
    {
        var (image, use) = (Find(id), await ImageUsers.ReadAsync(context));
        var force = string.Equals(context.Http.Request.Query["force"].FirstOrDefault(), "true", StringComparison.OrdinalIgnoreCase);
        if (!force && use.MachinesOf(image.Name) is { Count: > 0 } machines)
        {
            var names = string.Join(", ", machines.Take(10)) + (machines.Count > 10 ? $" and {machines.Count - 10} more" : "");
            throw new ApiError(409, "InUse", $"The image '{image.Name}' is used by {names}. Machines that run keep their copy, but no computer without one can start it again; remove them first, or force it.");
        }

        using (await _intakes.HoldAsync(image.Name))
        {
            _shelf.Remove(image.Name);
        }

        await DoneAsync(context, force ? "delete by force" : "delete", image.Name);
        var gone = Write(context, image, use);
        gone["state"] = "removed";
        return ApiResult.Ok(gone);
    }

    public override async Task<ApiResult> ActAsync(ApiContext context, string id, string action, JsonObject body)
    {
        var image = Find(id);
        if (!Doings.TryGetValue(action, out var doing))
        {
            return await base.ActAsync(context, id, action, body);
        }

        if (!doing.Available(image))
        {
            throw ApiError.Invalid("ActionNotAvailable", "action", $"The image '{image.Name}' is {ImageOutput.StateOf(image)}; '{action}' is not possible in this state.");
        }

        await doing.Run(image, context.Aborted);
        await DoneAsync(context, action, image.Name);
        return new ApiResult(202, Write(context, Find(id), await ImageUsers.ReadAsync(context)));
    }

    private void Act(string name, Func<ImageEntry, bool> available, Action<ImageEntry> run) => Act(name, available, (image, _) =>
    {
        run(image);
        return Task.CompletedTask;
    });

    private void Act(string name, Func<ImageEntry, bool> available, Func<ImageEntry, CancellationToken, Task> run)
    {
        Doings[name] = (available, run);
        Actions.Add(new ActionRule { Name = name, Roles = Roles.Admin | Roles.Service, Output = "hostImage", Available = _ => true, Run = (_, _, _) => Task.FromResult<JsonObject?>(null) });
    }

    private async Task DoneAsync(ApiContext context, string verb, string name)
    {
        _intakes.Nudge();
        context.Audit(Name, verb, null, name);
        await context.Db.StoreAsync("api.image", context.Aborted);
    }

    private ImageEntry Find(string id) => _shelf.Find(id) ?? throw ApiError.NotFound($"image '{(id.Length > 64 ? id[..64] : id)}'");

    private JsonObject Write(ApiContext context, ImageEntry image, ImageUsers use)
    {
        var json = ImageOutput.Write(image, use);
        var self = $"{context.Root}/{PathName}/{image.Name}";
        var mayAct = VerbsOf(context.Caller.Role).HasFlag(Verbs.Act);
        json["links"] = new JsonObject { ["self"] = self };
        json["actions"] = new JsonObject(Doings.Where(doing => mayAct && doing.Value.Available(image)).Select(doing => KeyValuePair.Create(doing.Key, (JsonNode?)$"{self}?action={doing.Key}")));
        return json;
    }
}
