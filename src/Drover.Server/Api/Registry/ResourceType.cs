using System.Text.Json.Nodes;
using Drover.Server.Api.Output;
using Drover.Server.Api.Requests;
using Drover.Server.Storage;

namespace Drover.Server.Api.Registry;

/// <summary>One type of the API. Its fields, access rule, actions and links drive routes, schemas, validation, output and authorisation alike.</summary>
/// <remarks>Types without rows (subscribe, publish, embedded types) derive from here; stored ones from <see cref="StoredType{TRow}"/>.
/// What a type does not override answers 405.</remarks>
internal abstract class ResourceType
{
    private readonly List<Field> _fields = [];
    private readonly Dictionary<string, Field> _byName = new(StringComparer.OrdinalIgnoreCase);

    public required string Name { get; init; }

    public required string Plural { get; init; }

    /// <summary>The type that it is a kind of; the same as <see cref="Name"/> mostly.</summary>
    public string BaseName { get => field ?? Name; init; }

    /// <summary>The plural as URLs have it.</summary>
    public string PathName => field ??= Plural.ToLowerInvariant();

    /// <summary>The letters of its ids.</summary>
    public string IdLetters { get; init; } = "";

    /// <summary>Other names that requests may use.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Rows belong to an environment; someone outside any must say which.</summary>
    public bool InEnvironment { get; init; }

    /// <summary>Whether it has a collection to GET; subscribe and publish have none.</summary>
    public bool IsListed { get; init; } = true;

    /// <summary>Whether clients are told of it in <c>schemas</c>. What is only opened by an address that an action gives has no schema.</summary>
    public bool HasSchema { get; init; } = true;

    /// <summary>Whether a write runs in one transaction of the dispatcher's. False for types that have slow or waiting work to do first.</summary>
    public bool InTransaction { get; init; } = true;

    public AccessTable Access { get; } = new();

    public IReadOnlyList<Field> Fields => _fields;

    public List<ActionRule> Actions { get; } = [];

    public List<LinkRule> Links { get; } = [];

    public Field? FindField(string name) => _byName.GetValueOrDefault(name);

    public Field Add(Field field)
    {
        if (_byName.Remove(field.Name, out var old))
        {
            _fields.Remove(old);
        }

        _fields.Add(field);
        _byName[field.Name] = field;
        return field;
    }

    /// <summary>A field that only the schema and the checks know: of an embedded type, or of an action's input.</summary>
    public Field Plain(string name, string type) => Add(new Field { Name = name, Type = type });

    /// <summary>The verbs that <paramref name="role"/> has, before anything about a single row is known.</summary>
    public virtual Verbs VerbsOf(Roles role) => Access.Of(role);

    public virtual Task<ApiResult> ListAsync(ApiContext context) => throw Unsupported("listed");

    public virtual Task<ApiResult> GetAsync(ApiContext context, string id) => throw ApiError.NotFound($"{Name} '{id}'");

    public virtual Task<ApiResult> CreateAsync(ApiContext context, JsonObject body) => throw Unsupported("created");

    public virtual Task<ApiResult> UpdateAsync(ApiContext context, string id, JsonObject body) => throw Unsupported("changed");

    public virtual Task<ApiResult> DeleteAsync(ApiContext context, string id) => throw Unsupported("deleted");

    public virtual Task<ApiResult> ActAsync(ApiContext context, string id, string action, JsonObject body) =>
        throw ApiError.Invalid("InvalidAction", "action", $"{Name} has no action '{action}'.");

    public virtual Task<ApiResult> LinkAsync(ApiContext context, string id, string link) => throw ApiError.NotFound($"link '{link}' of {Name}");

    /// <summary>Whether rows of this table are of this type, for events.</summary>
    public virtual bool Describes(ResourceRow row) => false;

    /// <summary>The table, if any.</summary>
    public virtual Type? RowType => null;

    public virtual Task<ResourceRow?> FindRowAsync(AppDb db, long id, CancellationToken cancellationToken) => Task.FromResult<ResourceRow?>(null);

    public virtual JsonObject Write(ResourceRow row, OutputContext context) => throw new NotSupportedException($"{Name} has no rows.");

    private ApiError Unsupported(string verb) => ApiError.Method($"{Plural} cannot be {verb}.");
}

/// <summary>A type that only appears inside others, or as an action's input or output.</summary>
internal sealed class EmbeddedType : ResourceType
{
    public EmbeddedType() => Access.Allow(Roles.Known, Verbs.None);
}
