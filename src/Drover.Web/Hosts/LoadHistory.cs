using Drover.Api.Agents;

namespace Drover.Web.Hosts;

/// <summary>The last <see cref="Length"/> samples of one host, for its curves.</summary>
internal sealed class LoadHistory
{
    /// <summary>About five minutes at a sample each five seconds.</summary>
    public const int Length = 60;

    private HostLoad[] _samples = [];

    public IReadOnlyList<HostLoad> Samples => _samples;

    /// <summary>Adds a sample that is newer than the last one; others are repeats.</summary>
    public void Add(HostLoad load)
    {
        if (_samples.Length == 0 || load.At > _samples[^1].At)
        {
            _samples = [.. _samples.AsSpan(Math.Max(0, _samples.Length - Length + 1)), load];
        }
    }
}
