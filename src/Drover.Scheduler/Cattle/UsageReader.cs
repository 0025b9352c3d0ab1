using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Api.Machines;
using Drover.Mesos;
using Microsoft.Extensions.Logging;

namespace Drover.Scheduler.Cattle;

/// <summary>Answers <c>physicalhost.usage</c>: what a machine takes of its computer, from the file that its executor keeps in the sandbox.</summary>
internal sealed partial class UsageReader(CattleClient client, OperatorClient agents, LiveState live, ILogger logger)
{
    /// <summary>The server asks again if it does not get an answer.</summary>
    public async Task AnswerAsync(CattleEvent e, CancellationToken cancellationToken)
    {
        try
        {
            await client.ReplyAsync(e, await ReadAsync(e.ResourceId ?? "", cancellationToken), cancellationToken);
        }
        catch (CattleException problem)
        {
            LogNotAnswered(e.ResourceId, problem.Message);
        }
    }

    private async Task<CattleReply> ReadAsync(string machineId, CancellationToken cancellationToken)
    {
        if (live.Requests.GetValueOrDefault(machineId) is not { TaskId: { } taskId, Placement.AgentUrl: { } agent } || live.FrameworkId is not { } framework)
        {
            return Usage(null);
        }

        try
        {
            var file = await agents.ReadFileAsync(new Uri(agent), OperatorClient.SandboxPath(framework, taskId, MachineUsageFile.FileName), 0, OperatorClient.MaxReadLength, cancellationToken);
            return Usage(file?.Data.ToByteArray());
        }
        catch (MesosException e)
        {
            return CattleReply.Failed($"The figures of {machineId} could not be read: {e.Message}");
        }
    }

    /// <summary>Nothing is told of a file that is not there (yet, or any more), or is no such file.</summary>
    internal static CattleReply Usage(byte[]? file)
    {
        MachineUsageFile? read = null;
        try
        {
            read = file is null ? null : JsonSerializer.Deserialize(file, MachineJson.Default.MachineUsageFile);
        }
        catch (JsonException)
        {
            // An executor of another version.
        }

        return CattleReply.Done(new JsonObject { ["usage"] = JsonSerializer.SerializeToNode(read ?? new MachineUsageFile(), MachineJson.Default.MachineUsageFile) });
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Machine {MachineId}: its figures were read, but the answer could not be sent: {Problem}")]
    private partial void LogNotAnswered(string? machineId, string problem);
}
