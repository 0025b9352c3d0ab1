namespace Drover.Scheduler.Artifacts;

/// <summary>A file that agent machines fetch, by content.</summary>
/// <param name="Sha256">Lower-case hex.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Url">Where an agent gets it; holds the digest, because Mesos' fetcher cache never looks whether a URL's content changed.</param>
internal sealed record Artifact(string Name, string Path, string Sha256, long Size, string Url);

/// <summary>A program or image is missing or broken; the message says which file and why.</summary>
internal sealed class ArtifactException(string message) : Exception(message);
