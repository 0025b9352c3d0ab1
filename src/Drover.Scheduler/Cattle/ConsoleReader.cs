using System.Text;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Mesos;
using Microsoft.Extensions.Logging;

namespace Drover.Scheduler.Cattle;

/// <summary>Answers <c>physicalhost.console</c>: part of a machine's serial console, read from its sandbox on the agent. Works as long as the sandbox
/// is there, also after the machine ended.</summary>
internal sealed partial class ConsoleReader(CattleClient client, OperatorClient agents, LiveState live, ILogger logger)
{
    private const string File = "console.log";
    /// <summary>The server asks again if it does not get an answer.</summary>
    public async Task AnswerAsync(CattleEvent e, CancellationToken cancellationToken)
    {
        try
        {
            var asked = new CattleResource(e.Data ?? []);
            var offset = Math.Max(0, (long)(asked.Number("offset") ?? 0));
            var length = (int)Math.Clamp(asked.Number("length") ?? OperatorClient.MaxReadLength, 1, OperatorClient.MaxReadLength);
            var reply = await ReadAsync(e.ResourceId ?? "", offset, length, cancellationToken);
            await client.ReplyAsync(e, reply, cancellationToken);
        }
        catch (CattleException problem)
        {
            LogNotAnswered(e.ResourceId, problem.Message);
        }
    }

    private async Task<CattleReply> ReadAsync(string machineId, long offset, int length, CancellationToken cancellationToken)
    {
        if (live.Requests.GetValueOrDefault(machineId) is not { TaskId: { } taskId, Placement.AgentUrl: { } agent } || live.FrameworkId is not { } framework)
        {
            return Console(offset, [], 0);
        }

        try
        {
            var file = await agents.ReadFileAsync(new Uri(agent), OperatorClient.SandboxPath(framework, taskId, File), offset, length, cancellationToken);
            return file is null ? Console(offset, [], 0) : Console(offset, file.Data.ToByteArray(), (long)file.Size);
        }
        catch (MesosException e)
        {
            return CattleReply.Failed($"The console of {machineId} could not be read: {e.Message}");
        }
    }

    /// <summary>Offsets count bytes. A character that is cut at the end is left for the next read.</summary>
    internal static CattleReply Console(long offset, byte[] bytes, long size)
    {
        var whole = Whole(bytes, atEnd: offset + bytes.Length >= size);
        return CattleReply.Done(new JsonObject
        {
            ["console"] = new JsonObject
            {
                ["offset"] = offset,
                ["next"] = offset + whole,
                ["text"] = Encoding.UTF8.GetString(bytes, 0, whole),
                ["size"] = size,
            },
        });
    }

    private static int Whole(byte[] bytes, bool atEnd)
    {
        for (var back = 1; !atEnd && back <= Math.Min(4, bytes.Length); back++)
        {
            var b = bytes[^back];
            if ((b & 0xC0) != 0x80)
            {
                var needs = b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : b >= 0xC0 ? 2 : 1;
                return needs > back && back < bytes.Length ? bytes.Length - back : bytes.Length;
            }
        }

        return bytes.Length;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Machine {MachineId}: the console was read, but the answer could not be sent: {Problem}")]
    private partial void LogNotAnswered(string? machineId, string problem);
}
