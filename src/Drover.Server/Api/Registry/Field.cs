using System.Text.Json.Nodes;
using Drover.Server.Api.Output;
using Drover.Server.Storage;

namespace Drover.Server.Api.Registry;

/// <summary>One field of a type: what its schema says, how it is checked, and how it is read from and written to a row.</summary>
/// <remarks>Type names are the API's own (cattle-api §1.6): string, masked, password, int, float, boolean, date, enum, json,
/// <c>reference[t]</c>, <c>array[t]</c>, <c>map[t]</c>, or the name of an embedded type.</remarks>
internal sealed class Field
{
    public required string Name { get; init; }

    public required string Type { get; init; }

    public bool Create { get; private set; }

    public bool Update { get; private set; }

    public bool IsRequired { get; private set; }

    public bool Nullable { get; private set; } = true;

    public bool IsUnique { get; private set; }

    public JsonNode? DefaultValue { get; private set; }

    public int? MinLength { get; private set; }

    public int? MaxLength { get; private set; }

    public double? Min { get; private set; }

    public double? Max { get; private set; }

    public IReadOnlyList<string>? Options { get; private set; }

    public string? ValidChars { get; private set; }

    public string? Description { get; private set; }

    /// <summary>Who sees it.</summary>
    public Roles Readers { get; private set; } = Roles.Known | Roles.Anonymous;

    /// <summary>Who may set it, where the type's own rule lets them create or update.</summary>
    public Roles Writers { get; private set; } = Roles.Known | Roles.Anonymous;

    /// <summary>Shown in the answer to the create only.</summary>
    public bool OnCreateOnly { get; private set; }

    /// <summary>The row's property behind it, when the collection can be filtered and sorted by it.</summary>
    public string? FilterProperty { get; private set; }

    public Func<object, OutputContext, JsonNode?>? Get { get; init; }

    public Action<ResourceRow, JsonNode?>? Set { get; init; }

    /// <summary>A date's milliseconds, written as the twin field <c>…TS</c>.</summary>
    public Func<object, long?>? Millis { get; init; }

    /// <summary>An own check after the generic one; it may replace the value.</summary>
    public Func<JsonNode, JsonNode>? Check { get; private set; }

    public Field Creatable() { Create = true; return this; }

    public Field Updatable() { Update = true; return this; }

    public Field Required() { IsRequired = true; Nullable = false; return this; }

    public Field NotNull() { Nullable = false; return this; }

    public Field Unique() { IsUnique = true; return this; }

    public Field Default(JsonNode? value) { DefaultValue = value; return this; }

    public Field Length(int min, int max) { MinLength = min; MaxLength = max; return this; }

    public Field Range(double? min, double? max) { Min = min; Max = max; return this; }

    public Field OneOf(params string[] options) { Options = options; return this; }

    public Field Chars(string valid) { ValidChars = valid; return this; }

    public Field Says(string description) { Description = description; return this; }

    public Field ReadBy(Roles roles) { Readers = roles; return this; }

    public Field WrittenBy(Roles roles) { Writers = roles; return this; }

    public Field ShownOnce() { OnCreateOnly = true; return this; }

    public Field Filter(string property) { FilterProperty = property; return this; }

    public Field Checked(Func<JsonNode, JsonNode> check) { Check = check; return this; }
}
