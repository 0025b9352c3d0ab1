using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;

namespace Drover.Server.Containers.Orders;

/// <summary>The fields that a container is made from, in Cattle's words (cattle-api §4.3): how each is checked. What Docker is told of them is <see cref="DockerParameters"/>.</summary>
internal static partial class ContainerFields
{
    public const string RestartPolicy = "restartPolicy";
    private const string ImagePrefix = "docker:";
    private const long LeastMemory = 6L * 1024 * 1024; // Docker's own
    private const long Most = 1L << 50;

    /// <summary>The embedded type of the field of the same name.</summary>
    public static EmbeddedType RestartPolicyType()
    {
        var type = new EmbeddedType { Name = RestartPolicy, Plural = "restartPolicies" };
        type.Plain("name", "enum").Creatable().OneOf("no", "always", "on-failure", "unless-stopped").Default("no");
        type.Plain("maximumRetryCount", "int").Creatable().Range(0, 1000).Says("With on-failure: how often at most; 0 for ever.");
        return type;
    }

    public static void AddTo(ResourceType type)
    {
        Asked("imageUuid", "string").Required().Checked(CheckImage).Says("docker:NAME[:TAG], as docker pull wants it.");
        Asked("command", "array[string]").Checked(Texts("command")).Says("Instead of the image's own.");
        Asked("entryPoint", "array[string]").Checked(Texts("entryPoint")).Says("Instead of the image's own.");
        Asked("environment", "map[string]").Checked(Environment);
        Asked("ports", "array[string]").Checked(Ports).Says("[ADDRESS:][PUBLIC:]PRIVATE[/PROTOCOL] each.");
        Asked("dataVolumes", "array[string]").Checked(Volumes).Says("[VOLUME or /PATH OF THE HOST:]/PATH[:ro] each.");
        Asked(RestartPolicy, RestartPolicy).Checked(Restart);
        Asked("labels", "map[string]");
        Asked("memory", "int").Range(LeastMemory, Most).Says("Bytes that it may use; more ends it.");
        Asked("memorySwap", "int").Range(-1, Most).Says("Bytes of memory and swap together; -1 for no limit.");
        Asked("cpuShares", "int").Range(2, 262_144).Says("Weight beside other containers; 1024 is the usual one.");
        Asked("milliCpu", "int").Range(10, 1_000_000).Says("Thousandths of a CPU that it may use at most.");
        Asked("user", "string").Length(0, 128);
        Asked("workingDir", "string").Length(0, 1024);
        Asked("hostname", "string").Length(0, 63).Chars("a-zA-Z0-9.-");
        Asked("tty", "boolean").Default(false);
        Asked("stdinOpen", "boolean").Default(false);
        Asked("privileged", "boolean").Default(false);
        Asked("networkMode", "string").Length(0, 128).Says("bridge, host, none, container:NAME, or the name of a network.");
        Asked("startOnCreate", "boolean").Default(true);
        Asked("pullPolicy", "enum").OneOf("missing", "always", "never").Default("missing").Says("When to ask the registry for the image.");

        // Where a container shows a field of this name, that is what it shows.
        Field Asked(string name, string kind) => type.Add(new Field { Name = name, Type = kind, Get = type.FindField(name)?.Get }).Creatable();
    }

    /// <summary>The image of a spec that was checked.</summary>
    public static ImageReference ImageOf(JsonObject spec) => ImageReference.Parse(((string)spec["imageUuid"]!)[ImagePrefix.Length..])!;

    public static IEnumerable<string> TextsOf(JsonObject spec, string field) => (spec[field] as JsonArray)?.Select(text => (string)text!) ?? [];

    public static IEnumerable<KeyValuePair<string, string>> MapOf(JsonObject spec, string field) => (spec[field] as JsonObject)?.Select(entry => KeyValuePair.Create(entry.Key, (string)entry.Value!)) ?? [];

    /// <summary>The check of a field <c>imageUuid</c>.</summary>
    public static JsonNode CheckImage(JsonNode value)
    {
        var text = ((string)value!).Trim();
        text = text.StartsWith(ImagePrefix, StringComparison.Ordinal) ? text[ImagePrefix.Length..] : text;
        return ImageReference.Parse(text) is { } image
            ? ImagePrefix + image
            : throw Invalid("imageUuid", $"'{Short(text)}' is no name of an image; write nginx, nginx:1.27 or registry.example.com/team/app:2 (small letters).");
    }

    private static Func<JsonNode, JsonNode> Texts(string field) => value =>
    {
        var texts = (JsonArray)value;
        return texts.Any(text => text is not JsonValue v || v.GetValueKind() != JsonValueKind.String || ((string)text!).Contains('\0', StringComparison.Ordinal)) ? throw Invalid(field, $"'{field}' must be a list of texts.") : value;
    };

    private static JsonNode Environment(JsonNode value) =>
        ((JsonObject)value).FirstOrDefault(entry => !VariableName().IsMatch(entry.Key)) is { Key: { } name } ? throw Invalid("environment", $"'{Short(name)}' is no name of a variable.") : value;

    private static JsonNode Ports(JsonNode value)
    {
        Texts("ports")(value);
        return ((JsonArray)value).Select(port => (string)port!).FirstOrDefault(port => PortMapping.Parse(port) is null) is { } wrong
            ? throw Invalid("ports", $"'{Short(wrong)}' is no port; write 8080:80, 127.0.0.1:8080:80 or 53:53/udp.")
            : value;
    }

    private static JsonNode Volumes(JsonNode value)
    {
        Texts("dataVolumes")(value);
        return ((JsonArray)value).Select(volume => (string)volume!).FirstOrDefault(volume => !Volume().IsMatch(volume)) is { } wrong
            ? throw Invalid("dataVolumes", $"'{Short(wrong)}' is no volume; write data:/var/lib/data, /srv/data:/data:ro or /data.")
            : value;
    }

    private static JsonNode Restart(JsonNode value)
    {
        var policy = (JsonObject)value;
        var type = RestartPolicyType();
        foreach (var name in policy.Select(entry => entry.Key).ToList())
        {
            if (type.FindField(name) is not { } field)
            {
                policy.Remove(name);
            }
            else if (policy[name] is { } given)
            {
                policy[name] = FieldFormat.Read(field, $"{RestartPolicy}.{name}", given);
            }
        }

        return policy;
    }

    private static ApiError Invalid(string field, string sentence) => ApiError.Invalid("InvalidFormat", field, sentence);

    private static string Short(string text) => text.Length > 64 ? text[..64] + "…" : text;

    [GeneratedRegex(@"^[^=\0\s][^=\0]*$", RegexOptions.NonBacktracking)]
    private static partial Regex VariableName();

    [GeneratedRegex(@"^(?:(?:/[^:\0]*|[a-zA-Z0-9][a-zA-Z0-9_.-]*):)?/[^:\0]*(?::(?:ro|rw|z|Z|ro,z|rw,z|ro,Z|rw,Z))?$", RegexOptions.NonBacktracking)]
    private static partial Regex Volume();
}
