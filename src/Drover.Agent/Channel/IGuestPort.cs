namespace Drover.Agent.Channel;

/// <summary>The wire below the talk with the executor: a virtio-serial port in a guest, a unix socket for a simulated one.</summary>
/// <remarks>One stream at a time. The caller disposes it at its end of file and opens again; opening waits for the executor as long as it takes.</remarks>
internal interface IGuestPort : IDisposable
{
    /// <summary>Waits until the executor's side is open. The stream ends (reads 0 bytes) when the executor leaves.</summary>
    Task<Stream> OpenAsync(CancellationToken cancellationToken);
}
