namespace Drover.Mesos;

/// <summary>Says where the leading master probably is.</summary>
/// <remarks>Safe for concurrent use. It only remembers: whether a master leads is found out by asking it.</remarks>
public interface IMasterDetector
{
    /// <summary>The address to try next: the last confirmed leader, or the next candidate.</summary>
    /// <exception cref="MesosException">No address can be told now; try again later.</exception>
    ValueTask<Uri> DetectAsync(CancellationToken cancellationToken);

    /// <summary>This master leads: it let a framework subscribe, or another master named it.</summary>
    void Confirm(Uri leader);

    /// <summary>This master did not answer: try another one first.</summary>
    void Reject(Uri master);
}
