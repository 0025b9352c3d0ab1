using Drover.Agent.Docker;
using Drover.Api.Agents;

namespace Drover.Agent.Guest;

/// <summary>The two ends of a template's life inside the guest: what is done before it is frozen, and what a copy does first.</summary>
/// <remarks>
/// Copies share everything that was in memory, random generators included. The kernel's takes fresh bytes with the seed. This process has one of its own
/// as soon as it uses OpenSSL (link, registration), so a template is refused when that library is loaded already: copies load it after their seed. Docker and containerd
/// ask the kernel for each number. The kernel's boot id is made when it is first read, and nothing in the image reads it.
/// </remarks>
internal sealed class TemplateGuest(EngineIdentity engine, TimeProvider time)
{
    /// <summary>What the agent loads first after the seed: in the page cache, copies do not read it from their disks.</summary>
    private static readonly string[] NeededNext = ["/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/usr/lib/x86_64-linux-gnu/libssl.so.3", "/usr/lib/drover/network", "/bin/busybox"];

    /// <summary>Drawn directly after the seed, and used for nothing: the proof that two copies do not draw the same.</summary>
    public string? FirstRandom { get; private set; }

    /// <returns>Null, or a sentence why this guest cannot be a template.</returns>
    public async Task<string?> PrepareAsync(CancellationToken cancellationToken)
    {
        if (await engine.FindAsync(cancellationToken) is { } problem)
        {
            return problem;
        }

        foreach (var path in NeededNext.Where(File.Exists))
        {
            await using var file = File.OpenRead(path);
            await file.CopyToAsync(Stream.Null, cancellationToken);
        }

        GC.Collect();
        LibC.SyncAll();

        // The generator takes a new seed by itself now and then. Were that due directly after the freezing, copies would differ by luck, and nobody would notice a seed that
        // does nothing: after this one they draw the same numbers until they are seeded.
        if (GuestSetup.Reseed() is { } unseeded)
        {
            return unseeded;
        }

        return HasOwnGenerator() ? "this agent has loaded OpenSSL, whose random generator copies would share" : null;
    }

    /// <returns>Sentences about what did not work.</returns>
    public IReadOnlyList<string> TakeSeed(GuestSeed seed)
    {
        if (HasOwnGenerator())
        {
            return ["the agent had loaded OpenSSL before its seed"];
        }

        var entropy = GuestSetup.TakeEntropy(seed.Entropy);
        FirstRandom = Convert.ToHexStringLower(KernelRandom.Bytes(16));
        string?[] problems =
        [
            entropy,
            GuestSetup.TakeClock(seed.ClockMilliseconds, time),
            HardwareAddress.Renew("docker0"),
            seed.EngineKey is null ? "the seed has no key for Docker's engine" : engine.Renew(seed.EngineKey),
        ];
        return [.. problems.OfType<string>()];
    }

    private static bool HasOwnGenerator() => File.ReadAllText("/proc/self/maps").Contains("libcrypto", StringComparison.Ordinal);
}

/// <summary>The kernel's random generator, without OpenSSL between.</summary>
internal static class KernelRandom
{
    public static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        using var file = File.OpenHandle("/dev/urandom");
        return RandomAccess.Read(file, bytes, 0) == count ? bytes : throw new IOException("/dev/urandom gives too little");
    }
}
