using System.Text.Json.Nodes;
using Drover.Server.Agents;
using Drover.Server.Processes;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Machines;

/// <summary>The processes of a machine (cattle-api §3.1).</summary>
internal static class MachineProcesses
{
    public const string ResourceType = "physicalHost";
    public const string IdLetters = "ph";
    public const string Create = "physicalhost.create";
    public const string Bootstrap = "physicalhost.bootstrap";
    public const string Error = "physicalhost.error";
    public const string Remove = "physicalhost.remove";
    public const string Purge = "physicalhost.purge";

    /// <summary>Those that carry out a wish of <see cref="MachineCommands"/>.</summary>
    private static readonly string[] Commands = ["physicalhost.stop", "physicalhost.start", "physicalhost.reboot", "physicalhost.update", "physicalhost.updatestopped"];

    /// <summary>Mark in a machine's data: somebody outside may know of it, so its removal must be told.</summary>
    public const string Dispatched = "dispatched";

    public static IReadOnlyList<ProcessDefinition> All(ServerOptions options, AgentRemoval agents, MachineTimes times) =>
    [
        new CreateProcess { Name = Create, ResourceType = ResourceType, IdLetters = IdLetters, Lifecycle = Lifecycles.Machine, ErrorProcess = Error },
        new BootstrapProcess(times) { Name = Bootstrap, ResourceType = ResourceType, IdLetters = IdLetters, Lifecycle = Lifecycles.Machine, ErrorProcess = Error, CompletionTimeout = options.BootstrapTimeout },
        .. Commands.Select(name => new CommandProcess { Name = name, ResourceType = ResourceType, IdLetters = IdLetters, Lifecycle = Lifecycles.Machine, ReturnsOnFailure = true, FailAfter = options.CommandTimeout, CompletionTimeout = options.BootstrapTimeout }),
        .. MachineResize.Processes.Select(name => new CommandProcess { Name = name, ResourceType = ResourceType, IdLetters = IdLetters, Lifecycle = Lifecycles.Machine, ReturnsOnFailure = true, CompletionTimeout = options.BootstrapTimeout }),
        new ErrorProcess(times) { Name = Error, ResourceType = ResourceType, IdLetters = IdLetters, Lifecycle = Lifecycles.Machine },
        new RemoveProcess(options, agents) { Name = Remove, ResourceType = ResourceType, IdLetters = IdLetters, Lifecycle = Lifecycles.Machine, GiveUpAfter = options.RemoveTimeout },
        new PurgeProcess { Name = Purge, ResourceType = ResourceType, IdLetters = IdLetters, Lifecycle = Lifecycles.Machine },
    ];

    private static string NoHandler(string process) => $"no scheduler is connected (no external handler for {process})";

    private abstract class MachineProcess : ProcessDefinition
    {
        public override async Task<ResourceRow?> FindAsync(AppDb db, long id, CancellationToken cancellationToken) =>
            await db.Machines.FirstOrDefaultAsync(m => m.Id == id, cancellationToken);

        /// <summary>What a running machine's host lacks, in a sentence; null when its link stands.</summary>
        protected static async Task<string?> MissingAsync(AppDb db, MachineRow machine, CancellationToken cancellationToken) =>
            machine.HostId is null || machine.AgentId is not { } agentId ? "The machine runs; its agent has yet to register."
            : await db.Agents.AnyAsync(a => a.Id == agentId && a.State == "active", cancellationToken) ? null
            : "The agent has registered; its link to the server has yet to come up.";
    }

    /// <summary>Names the machine, and waits for the handlers to bring it up.</summary>
    private sealed class CreateProcess : MachineProcess
    {
        public override void Starting(ResourceRow row)
        {
            var machine = (MachineRow)row;
            machine.ExternalId ??= Guid.NewGuid().ToString();
            machine.Driver ??= row.Fields.Select(f => f.Key).FirstOrDefault(k => k.EndsWith("Config", StringComparison.Ordinal))?[..^"Config".Length];
        }

        public override Task<string?> NeedsHandlerAsync(AppDb db, ResourceRow row, CancellationToken cancellationToken) => Task.FromResult<string?>(NoHandler(Name));

        public override void Dispatching(ResourceRow row) => row.Data = new JsonObject(row.Data.Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone()))) { [Dispatched] = true };

        public override Task<Completion> CompleteAsync(AppDb db, ResourceRow row, ProcessRow process, DateTimeOffset now, CancellationToken cancellationToken) =>
            Task.FromResult<Completion>(new Completion.Delegate(Bootstrap));
    }

    /// <summary>Waits until the host of the machine has registered and its link stands.</summary>
    private sealed class BootstrapProcess(MachineTimes times) : MachineProcess
    {
        /// <summary>A handler that makes machines but has no part in bootstrap is fine; no handler at all means that the scheduler is away.</summary>
        public override async Task<string?> NeedsHandlerAsync(AppDb db, ResourceRow row, CancellationToken cancellationToken) =>
            (await HandlerCatalog.ActiveAsync(db, Create, cancellationToken)).Count > 0 ? null : NoHandler(Name);

        public override async Task<Completion> CompleteAsync(AppDb db, ResourceRow row, ProcessRow process, DateTimeOffset now, CancellationToken cancellationToken)
        {
            if (await MissingAsync(db, (MachineRow)row, cancellationToken) is { } missing)
            {
                return new Completion.Wait(missing);
            }

            var seconds = Math.Round((now - row.Created).TotalSeconds, 3);
            row.Fields = new JsonObject(row.Fields.Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone())))
            {
                ["readySeconds"] = seconds,
            };
            db.AfterCommit(() => times.Ready((MachineRow)row, seconds));
            return new Completion.Done();
        }
    }

    /// <summary>Has the machine's wish carried out by the handlers. A machine that is to be active afterwards is so once its host's link stands.</summary>
    private sealed class CommandProcess : MachineProcess
    {
        public override Task<string?> NeedsHandlerAsync(AppDb db, ResourceRow row, CancellationToken cancellationToken) => Task.FromResult<string?>(NoHandler(Name));

        public override JsonObject? EventData(ResourceRow row) => new() { [MachineCommands.Wish] = row.Data[MachineCommands.Wish]?.DeepClone() };

        public override async Task<Completion> CompleteAsync(AppDb db, ResourceRow row, ProcessRow process, DateTimeOffset now, CancellationToken cancellationToken)
        {
            if (Lifecycle.Finish(Move, row.State) == "active" && await MissingAsync(db, (MachineRow)row, cancellationToken) is { } missing)
            {
                return new Completion.Wait(missing);
            }

            MachineCommands.Done((MachineRow)row);
            return new Completion.Done();
        }
    }

    private sealed class ErrorProcess(MachineTimes times) : MachineProcess
    {
        public override Task<Completion> CompleteAsync(AppDb db, ResourceRow row, ProcessRow process, DateTimeOffset now, CancellationToken cancellationToken)
        {
            db.AfterCommit(() => times.Failed((MachineRow)row));
            return base.CompleteAsync(db, row, process, now, cancellationToken);
        }
    }

    /// <summary>Tells the handlers to take the machine away, then removes what belonged to it. Always ends: after a while without them.</summary>
    private sealed class RemoveProcess(ServerOptions options, AgentRemoval agents) : MachineProcess
    {
        public override bool AsksHandlers(ResourceRow row) => row.Data[Dispatched] is not null;

        public override Task<string?> NeedsHandlerAsync(AppDb db, ResourceRow row, CancellationToken cancellationToken) => Task.FromResult<string?>(NoHandler(Name));

        public override async Task<Completion> CompleteAsync(AppDb db, ResourceRow row, ProcessRow process, DateTimeOffset now, CancellationToken cancellationToken)
        {
            var machine = (MachineRow)row;
            await agents.RemoveOfMachineAsync(db, machine, now, cancellationToken);
            machine.NameKey = null;
            machine.Removed = now;
            machine.RemoveTime = now + options.PurgeDelay;
            return new Completion.Done(Purge, options.PurgeDelay);
        }
    }

    /// <summary>Deletes what the machine's row still knows; the number stays taken.</summary>
    private sealed class PurgeProcess : MachineProcess
    {
        public override Task<Completion> CompleteAsync(AppDb db, ResourceRow row, ProcessRow process, DateTimeOffset now, CancellationToken cancellationToken)
        {
            row.Fields = [];
            row.Data = [];
            row.Description = null;
            return Task.FromResult<Completion>(new Completion.Done());
        }
    }
}
