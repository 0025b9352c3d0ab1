using System.Text.Json.Nodes;
using Drover.Server.Api;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Events;
using Drover.Server.Images;

namespace Drover.Server.Machines;

/// <summary><c>POST machineTrials</c>: where machines of a <c>mesosConfig</c> would go if they were asked for now, as the scheduler tells. Nothing is made or held. Drover's own.</summary>
internal sealed class MachineTrialType : ResourceType
{
    private const string Process = "physicalhost.trial";

    /// <summary>As many as one command may ask for.</summary>
    private const int MostMachines = 1000;

    private readonly EventRequests _requests;
    private readonly ImageShelf _images;
    private readonly ServerOptions _options;

    public MachineTrialType(EventRequests requests, ImageShelf images, ServerOptions options)
    {
        (_requests, _images, _options) = (requests, images, options);
        IsListed = false;
        InTransaction = false;
        Access.Allow(Roles.Infrastructure | Roles.User, Verbs.Create);
        Plain(MesosConfig.Name, MesosConfig.Name).Creatable().Required().Says("As of a machine.");
        Plain("count", "int").Creatable().Default(1).Range(1, MostMachines).Says("How many of them.");
    }

    public override async Task<ApiResult> CreateAsync(ApiContext context, JsonObject body)
    {
        var fields = await FieldChecks.ForInputAsync(this, context, body);
        var config = fields[MesosConfig.Name]!.DeepClone().AsObject();
        config["network"] ??= _options.DefaultNetwork;
        var asked = new JsonObject
        {
            [MesosConfig.Name] = MesosConfig.Normalize(config, _options.Images?.Invoke(), image => _images.Find(image)?.Manifest?.Kind),
            ["count"] = fields["count"]?.DeepClone() ?? 1,
            ["accountId"] = Ids.Format("a", await EnvironmentChoice.ForAsync(context, Name, body)),
        };
        var reply = await _requests.AskAsync(context.Db, Process, MachineProcesses.ResourceType, "", asked, _options.ConsoleTimeout, context.Aborted);
        var answer = new JsonObject { ["type"] = Name, ["links"] = new JsonObject(), ["actions"] = new JsonObject(), [MesosConfig.Name] = asked[MesosConfig.Name]!.DeepClone(), ["count"] = asked["count"]!.DeepClone() };
        foreach (var (name, value) in reply.Data?["trial"] as JsonObject ?? [])
        {
            answer[name] = value?.DeepClone();
        }

        return ApiResult.Ok(answer);
    }
}
