using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Executor.Disks;
using Drover.Executor.Machines;

namespace Drover.Executor.Commands;

/// <summary>Copies a machine's disks for another machine, which starts from them on this computer.</summary>
internal static class DiskCopy
{
    /// <returns>A sentence for people.</returns>
    /// <exception cref="MachineException">The copy cannot be made; nothing is left of it.</exception>
    internal static async Task<string> RunAsync(MachineContext context, DiskOrigin origin, IMachineControls controls, MachineCommand command, CancellationToken cancellationToken)
    {
        var (to, machineId, name) = (Text(command, "to"), Text(command, "machineId"), Text(command, "name"));
        if (!Guid.TryParseExact(to, "D", out _) || to == context.Task.ExternalId)
        {
            throw new MachineException("The command does not say rightly whose the copy is to be.");
        }

        var kept = KeptDisks.Of(context);
        try
        {
            var record = new KeptRecord
            {
                ExternalId = to!,
                MachineId = machineId ?? "",
                Name = name ?? "",
                TaskId = context.TaskId,
                State = KeptState.Copying,
                Image = context.Task.Image,
                CopyOf = context.Task.Name,
                Since = context.Time.GetUtcNow(),
            };
            await kept.BeginAsync(record, origin, cancellationToken);
            var files = await controls.CopyDisksAsync(cancellationToken);
            await kept.CompleteCopyAsync(to!, files, cancellationToken);
            return $"The disk is copied for '{name}'.";
        }
        catch (Exception e) when (e is MachineException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            await kept.ForgetAsync(to!, context.TaskId);
            throw;
        }
        finally
        {
            Remove(context.Sandbox);
        }
    }

    /// <summary>Begins the names of copies in the sandbox while they are made.</summary>
    internal const string Prefix = "copy-";

    /// <summary>The copies have another name by now, or are worth nothing.</summary>
    private static void Remove(string sandbox)
    {
        foreach (var file in Directory.EnumerateFiles(sandbox, Prefix + "*"))
        {
            File.Delete(file);
        }

        foreach (var folder in Directory.EnumerateDirectories(sandbox, Prefix + "*"))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string? Text(MachineCommand command, string field) =>
        command.Arguments?[field] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
