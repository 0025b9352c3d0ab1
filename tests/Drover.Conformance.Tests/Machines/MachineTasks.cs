using Drover.Api.Machines;

namespace Drover.Conformance.Tests.Machines;

internal static class MachineTasks
{
    /// <summary>A small machine without an image.</summary>
    internal static MachineTask Minimal(string registrationUrl) => new()
    {
        MachineId = "1ph7",
        ExternalId = Guid.NewGuid().ToString(),
        Name = "web-1, the first",
        Hostname = "web-1",
        Cpus = 1.5,
        MemoryBytes = 768L << 20,
        DiskBytes = 6L << 30,
        Image = new GuestImage { Name = "none", Digest = new string('0', 64), Files = [] },
        RegistrationUrl = registrationUrl,
        StateDirectory = "/nonexistent",
    };
}
