using System.Text.RegularExpressions;

namespace Drover.Server.Containers.Orders;

/// <summary>The name of a container image as people write it: <c>[registry/]repository[:tag][@digest]</c>.</summary>
/// <remarks>The grammar is that of the distribution project's reference package: what has a dot, a colon or is <c>localhost</c> before the first slash is a registry.</remarks>
internal sealed partial record ImageReference(string Registry, string Repository, string? Tag, string? Digest)
{
    /// <summary>Where images without a registry come from.</summary>
    public const string DockerHub = "docker.io";

    private const int MaxLength = 512;

    /// <summary>The name without its tag, as Docker's pull wants it.</summary>
    public string Name => Registry == DockerHub ? Repository : $"{Registry}/{Repository}";

    /// <summary>What to pull: a digest before a tag, <c>latest</c> where neither is named.</summary>
    public string Version => Digest ?? Tag ?? "latest";

    public override string ToString() => Digest is not null ? $"{Name}@{Digest}" : $"{Name}:{Tag ?? "latest"}";

    /// <returns>Null when it is no name of an image.</returns>
    public static ImageReference? Parse(string text)
    {
        if (text.Length > MaxLength || Grammar().Match(text) is not { Success: true } match)
        {
            return null;
        }

        var (name, tag, digest) = (match.Groups["name"].Value, Value(match.Groups["tag"]), Value(match.Groups["digest"]));
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var registry = slash < 0 ? "" : name[..slash];
        var named = registry == "localhost" || registry.AsSpan().ContainsAny('.', ':');
        var repository = named ? name[(slash + 1)..] : name;
        return Repositories().IsMatch(repository) ? new ImageReference(named ? registry : DockerHub, repository, tag, digest) : null;
    }

    private static string? Value(Group group) => group.Success ? group.Value : null;

    [GeneratedRegex(@"^(?<name>(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?[a-z0-9._/-]+)(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?<digest>[a-z0-9]+:[a-f0-9]{32,}))?$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Grammar();

    [GeneratedRegex(@"^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Repositories();
}
