using System.Net;

namespace Drover.LocalMesos;

/// <summary>The agent as it shows itself.</summary>
internal sealed class AgentDescription(LocalAgentOptions options, AgentBooks books, IPEndPoint endPoint)
{
    public IPEndPoint EndPoint => endPoint;

    public AgentInfo Info
    {
        get
        {
            var info = new AgentInfo { Hostname = options.Hostname ?? endPoint.Address.ToString(), Port = endPoint.Port };
            if (books.AgentId is { } id)
            {
                info.Id = new AgentID { Value = id };
            }

            info.Resources.Add(Resources.Scalar("cpus", options.MilliCpus));
            info.Resources.Add(Resources.Scalar("mem", options.MemoryMebibytes * 1000));
            info.Resources.Add(Resources.Scalar("disk", options.DiskMebibytes * 1000));
            info.Attributes.AddRange(options.Attributes.Select(a => a.Clone()));
            return info;
        }
    }
}
