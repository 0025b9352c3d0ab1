namespace Drover.Server.Containers.Access;

/// <summary>A process in a host, with its input and output: one of Docker's, or a shell of the host itself.</summary>
internal interface IExecConnection : IDisposable
{
    /// <summary>Both ways; 0 bytes are its end.</summary>
    Stream Bytes { get; }

    /// <summary>No more input comes; the output can still be read.</summary>
    Task EndInputAsync(CancellationToken cancellationToken);
}

/// <summary>The channels of Docker's output (Docker Engine API, "Stream format").</summary>
internal static class DockerChannel
{
    public const byte Output = 1;
    public const byte Errors = 2;

    /// <summary>3 is Docker's own word about an error in between.</summary>
    public const byte Highest = 3;

    /// <summary>What a person is told it is.</summary>
    public static byte StreamOf(byte channel) => channel >= Errors ? Errors : Output;
}
