namespace Drover.Api.Machines;

/// <summary>What QEMU takes beside the guest's memory, in MiB: the scheduler reserves it, the executor keeps QEMU within it.</summary>
public static class QemuMemory
{
    /// <summary>Code, device state and buffers.</summary>
    public const long Own = 64;

    /// <summary>The cache of translated code under TCG. QEMU's own default would be a quarter of the guest's memory.</summary>
    /// <param name="guest">The guest's memory in MiB.</param>
    public static long TranslationCache(long guest) => Math.Clamp(guest / 32, 64, 256);

    /// <summary>The same for a copy of a template, of which there are many, most of them idle: it never runs a boot's code. Coming up takes about 25 MiB; less room is emptied and filled anew on the way.</summary>
    /// <param name="guest">The guest's memory in MiB.</param>
    public static long TranslationCacheOfCopy(long guest) => Math.Clamp(guest / 32, 32, 256);

    /// <summary>The most that is needed, whatever the accelerator: it is chosen only once the place is known.</summary>
    /// <param name="guest">The guest's memory in MiB.</param>
    public static long Overhead(long guest) => Own + TranslationCache(guest);
}
