using System.Text;
using Drover.Server.Api.Requests;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Drover.Server.Machines;

/// <summary>Cloud-init user data of a person: checked when it is asked for, because cloud-init itself only writes a warning into the guest's log.</summary>
internal static class UserData
{
    public const int MaxBytes = 16 * 1024;
    private const string Field = $"{MesosConfig.Name}.userData";
    private const int MaxDepth = 64;

    /// <summary>How cloud-init knows what it has before it (its documentation, "User data formats").</summary>
    private static readonly string[] Beginnings =
        ["#cloud-config", "#!", "#include", "#cloud-boothook", "#part-handler", "## template:", "Content-Type: multipart/", "MIME-Version:", "From nobody"];

    /// <summary>The text, or null for none.</summary>
    /// <param name="image">Name of the machine's image.</param>
    /// <param name="runsCloudInit">Whether that image is a foreign one; null when nobody knows.</param>
    public static string? Check(string? text, string image, bool? runsCloudInit)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        if (runsCloudInit == false)
        {
            throw ApiError.Invalid("InvalidOption", Field, $"The image '{image}' is Drover's own and does not run cloud-init, so nothing would read the user data. Use a cloud image: drover image add.");
        }

        if (Encoding.UTF8.GetByteCount(text) > MaxBytes)
        {
            throw ApiError.Invalid("MaxLengthExceeded", Field, $"User data may have at most {MaxBytes / 1024} KiB. Keep the rest elsewhere and name it with #include.");
        }

        if (text.Contains('\0', StringComparison.Ordinal) || !Array.Exists(Beginnings, beginning => text.StartsWith(beginning, StringComparison.OrdinalIgnoreCase)))
        {
            throw Invalid($"it must begin like cloud-init's formats do: {string.Join(", ", Beginnings[..4])}, or be a MIME message.");
        }

        if (IsYaml(text))
        {
            CheckYaml(text, list: text.StartsWith("#cloud-config-archive", StringComparison.OrdinalIgnoreCase));
        }

        return text;
    }

    private static bool IsYaml(string text) => text.StartsWith("#cloud-config", StringComparison.OrdinalIgnoreCase);

    /// <summary>Goes through the events, and not into a tree: what a stranger nests ten thousand levels deep must not end the server.</summary>
    private static void CheckYaml(string text, bool list)
    {
        try
        {
            var (parser, depth, isKey) = (new Parser(new StringReader(text)), 0, true);
            while (parser.MoveNext())
            {
                switch (parser.Current)
                {
                    case StreamStart or StreamEnd or DocumentStart or DocumentEnd or Comment:
                        continue;
                    case Scalar { Value: "" } when depth == 0:
                        // Nothing but comments.
                        continue;
                    case not SequenceStart when depth == 0 && list:
                        throw Invalid("a #cloud-config-archive must be a list.");
                    case not MappingStart when depth == 0 && !list:
                        throw Invalid("a #cloud-config must be keys with values, such as 'packages: [git]'.");
                    case Scalar { Value: "vendor_data" } when depth == 1 && isKey && !list:
                        throw Invalid("it must not set vendor_data: that is how the machine becomes a host.");
                    case MappingStart or SequenceStart:
                        isKey = depth++ == 0;
                        break;
                    case MappingEnd or SequenceEnd:
                        isKey = --depth == 1;
                        break;
                    default:
                        isKey = !isKey;
                        break;
                }

                if (depth > MaxDepth)
                {
                    throw Invalid($"it is nested more than {MaxDepth} levels deep.");
                }
            }
        }
        catch (YamlException e)
        {
            throw Invalid($"line {e.Start.Line}: it is no valid YAML: {e.Message}");
        }
        catch (InvalidOperationException)
        {
            // The library's scanner stumbles over some unfinished lists with this.
            throw Invalid("it is no valid YAML: a list or a map in brackets does not end.");
        }
    }

    private static ApiError Invalid(string why) => ApiError.Invalid("InvalidFormat", Field, $"The user data cannot be used: {why}");
}
