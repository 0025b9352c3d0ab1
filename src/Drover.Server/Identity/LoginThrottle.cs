using System.Collections.Concurrent;
using Drover.Server.Api.Requests;

namespace Drover.Server.Identity;

/// <summary>Slows down guessing: after five wrong passwords for a login from one address, each further one doubles a pause, up to a minute.</summary>
/// <remarks>Kept in memory: a restart forgives. An address alone is never locked out, so that people behind one proxy do not stop each other.</remarks>
internal sealed class LoginThrottle(TimeProvider time)
{
    private const int Free = 5;
    private const int MaxEntries = 10_000;
    private static readonly TimeSpan MaxPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Forget = TimeSpan.FromMinutes(15);
    private readonly ConcurrentDictionary<(string Login, string Address), Failures> _failures = new();

    /// <summary>Throws 429 while the pause lasts.</summary>
    public void Check(string login, string address)
    {
        if (_failures.TryGetValue((login, address), out var failures) && failures.Until - time.GetUtcNow() is { Ticks: > 0 } wait)
        {
            var seconds = (int)Math.Ceiling(wait.TotalSeconds);
            throw new ApiError(429, "Too Many Requests", $"Too many wrong passwords. Try again in {seconds} s.") { RetryAfter = seconds };
        }
    }

    public void Failed(string login, string address)
    {
        var now = time.GetUtcNow();
        if (_failures.Count >= MaxEntries)
        {
            foreach (var (key, old) in _failures.Where(f => f.Value.Last + Forget < now || _failures.Count >= MaxEntries).ToList())
            {
                _failures.TryRemove(new KeyValuePair<(string, string), Failures>(key, old));
            }
        }

        _failures.AddOrUpdate((login, address), _ => new Failures(1, now, now), (_, old) => Next(old, now));
    }

    public void Succeeded(string login, string address) => _failures.TryRemove((login, address), out _);

    private static Failures Next(Failures old, DateTimeOffset now)
    {
        var count = old.Last + Forget < now ? 1 : old.Count + 1;
        var pause = count <= Free ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Min(MaxPause.TotalSeconds, Math.Pow(2, count - Free)));
        return new Failures(count, now, now + pause);
    }

    private sealed record Failures(int Count, DateTimeOffset Last, DateTimeOffset Until);
}
