using System.Security.Cryptography;
using Drover.Api.Agents;
using Drover.Executor.Machines;

namespace Drover.Executor.Templates;

/// <summary>A copy's first words: it gets randomness of its own, the time, and a key for its Docker Engine, before anything else happens to it.</summary>
internal static class Seeding
{
    /// <summary>A copy that does not answer in this time is given up. It takes milliseconds; this is for a computer under heavy load.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Returns when the guest says that it took the seed.</summary>
    /// <exception cref="TemplateBrokenException">It does not, or says what went wrong.</exception>
    internal static async Task RunAsync(FirstWords guest, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var seed = new GuestSeed
            {
                Entropy = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64)),
                ClockMilliseconds = time.GetUtcNow().ToUnixTimeMilliseconds(),
                EngineKey = EngineKey.New(),
            };
            await guest.Connected.WaitAsync(either.Token);
            if (!await guest.SendAsync(new GuestMessage { Type = GuestMessage.Seed, Fresh = seed }, either.Token))
            {
                throw new TemplateBrokenException("its copy does not listen.");
            }

            if ((await guest.HearAsync(GuestMessage.Seeded, either.Token)).Message is { } problem)
            {
                throw new TemplateBrokenException($"its copy could not become another machine: {problem}.");
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TemplateBrokenException($"its copy did not answer within {Patience.TotalSeconds:0} seconds.");
        }
    }
}
