using Drover.Api.Agents;

namespace Drover.Agent.Tests.Fakes;

internal static class Identities
{
    public static GuestIdentity For(string registrationUrl, string uuid = "u-1") => new()
    {
        MachineUuid = uuid,
        Hostname = "web-1",
        RegistrationUrl = registrationUrl,
        Address = "10.0.2.15/24",
        Gateway = "10.0.2.2",
        NameServers = ["10.0.2.3"],
        Labels = new Dictionary<string, string>(StringComparer.Ordinal) { ["rack"] = "a" },
    };
}
