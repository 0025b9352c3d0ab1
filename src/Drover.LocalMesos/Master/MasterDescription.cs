using System.Net;

namespace Drover.LocalMesos;

/// <summary>What this master and agent say of themselves.</summary>
internal static class MasterDescription
{
    /// <summary>The version of the API that is spoken.</summary>
    public const string ApiVersion = "1.11.0";

    public static VersionInfo Version => new() { Version = ApiVersion, GitTag = "drover-local" };

    public static MasterInfo Of(string id, IPEndPoint endPoint)
    {
        var ip = endPoint.Address.ToString();
        var info = new MasterInfo
        {
            Id = id,
            // Network byte order, read on a little-endian machine.
            Ip = BitConverter.ToUInt32(endPoint.Address.MapToIPv4().GetAddressBytes()),
            Port = (uint)endPoint.Port,
            Pid = $"master@{endPoint}",
            Hostname = ip,
            Version = ApiVersion,
            Address = new Address { Hostname = ip, Ip = ip, Port = endPoint.Port },
        };
        info.Capabilities.Add(new MasterInfo.Types.Capability { Type = MasterInfo.Types.Capability.Types.Type.AgentUpdate });
        return info;
    }
}
