using Microsoft.Extensions.Logging;

namespace Drover.LocalMesos;

/// <summary>What the parts of a master share.</summary>
internal sealed record MasterContext(
    LocalMasterOptions Options, MasterStore Store, MasterBooks Books, OfferBook Offers, Mailbox Mailbox, TimeProvider Time, ILogger Logger)
{
    /// <summary>Counters of the ids that this run makes.</summary>
    private readonly IdCounters _ids = new();

    public TimeInfo Now => new() { Nanoseconds = (Time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick };

    public double Timestamp => (Time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    public string NextFrameworkId() => $"{Books.MasterId}-{_ids.Framework++:D4}";

    public string NextAgentId() => $"{Books.MasterId}-S{_ids.Agent++}";

    public string NextOfferId() => $"{Books.MasterId}-O{_ids.Offer++}";

    private sealed class IdCounters
    {
        public int Framework { get; set; }

        public int Agent { get; set; }

        public long Offer { get; set; }
    }
}
