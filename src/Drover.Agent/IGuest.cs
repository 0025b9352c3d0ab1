using Drover.Api.Agents;
using Drover.Api.Agents.Streams;

namespace Drover.Agent;

/// <summary>The machine that the agent runs in: a real guest, or one that is only simulated.</summary>
internal interface IGuest
{
    /// <summary>Takes entropy, clock, name and network of <paramref name="identity"/>, in this order; may be called again.</summary>
    /// <returns>Sentences about what did not work. The agent goes on: the server may still be in reach.</returns>
    Task<IReadOnlyList<string>> TakeIdentityAsync(GuestIdentity identity, CancellationToken cancellationToken);

    /// <summary>Gives cards that were plugged beside the first their addresses.</summary>
    /// <returns>Sentences about what did not work.</returns>
    Task<IReadOnlyList<string>> TakeCardsAsync(IReadOnlyList<GuestCard> cards, CancellationToken cancellationToken);

    /// <summary>Waits until Docker answers, as long as it takes.</summary>
    /// <param name="waiting">Called now and then with a sentence about the wait.</param>
    /// <returns>A sentence about Docker.</returns>
    Task<string> WaitForDockerAsync(Func<string, Task> waiting, CancellationToken cancellationToken);

    /// <summary>Docker answered a moment ago, as <see cref="KeepAskingDockerAsync"/> heard.</summary>
    bool HasDockersWord { get; }

    /// <summary>Keeps asking Docker, which has just answered, until an identity is taken, so that nobody needs to wait for its word then.</summary>
    Task KeepAskingDockerAsync(CancellationToken cancellationToken);

    /// <summary>Makes the guest fit to be frozen into a template, with Docker up: nothing in it knows who it is, or has drawn a random number that copies would share.</summary>
    /// <param name="waiting">As of <see cref="WaitForDockerAsync"/>.</param>
    /// <returns>Null, or a sentence why it cannot be a template.</returns>
    Task<string?> PrepareAsync(Func<string, Task> waiting, CancellationToken cancellationToken);

    /// <summary>A copy's first act: takes randomness, time and engine key.</summary>
    /// <returns>Sentences about what did not work. Then the copy must not be used.</returns>
    Task<IReadOnlyList<string>> TakeSeedAsync(GuestSeed seed, CancellationToken cancellationToken);

    /// <summary>What the guest sees of itself, by name.</summary>
    /// <param name="container"><c>create</c>, <c>keep</c> or <c>run</c>: with a container as well, made, made and left there, or also run; null: without.</param>
    Task<IReadOnlyDictionary<string, string>> InspectAsync(string? container, CancellationToken cancellationToken);

    /// <summary>Lets the file system take the whole of a disk that has grown.</summary>
    /// <returns>Null, or a sentence why it did not.</returns>
    Task<string?> GrowDiskAsync(CancellationToken cancellationToken);

    /// <summary>What is true of this host for long. Never throws for a Docker that does not answer.</summary>
    Task<HostFacts> FactsAsync(GuestIdentity identity, CancellationToken cancellationToken);

    /// <summary>Connects to something in the guest for somebody at the server. Only what <see cref="StreamTarget"/> lists can be reached.</summary>
    /// <exception cref="StreamResetException">It is none that can be reached here.</exception>
    /// <exception cref="IOException">It does not answer; the message says what.</exception>
    Task<GuestConnection> ConnectAsync(StreamTarget target, CancellationToken cancellationToken);

    /// <summary>What this host is doing. Rates are since the call before.</summary>
    Task<HostLoad> LoadAsync(CancellationToken cancellationToken);
}

/// <summary>A connection to something in the guest.</summary>
/// <param name="Bytes">What it says and hears; the receiver's to dispose.</param>
/// <param name="EndInput">Tells it that no more comes; what it says can still be read.</param>
internal sealed record GuestConnection(Stream Bytes, Func<ValueTask> EndInput);
