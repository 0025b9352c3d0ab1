using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Drover.Api.Agents;
using Drover.Api.Machines;
using Drover.Executor.Disks;
using Drover.Executor.Machines;
using Drover.Executor.Templates;

namespace Drover.Executor.Simulated;

/// <summary>Machines without QEMU, Docker or an image: the real guest agent runs as a child of the executor instead of in a guest.</summary>
/// <remarks>It ships with the product: the whole road from a request to a registered host runs in milliseconds with the real agent, and
/// <see cref="Simulation"/> makes it fail or hang where one wants. Everything else (stages, records, reports, stops) is the code that QEMU machines use.
/// Templates are real too, in the same store under the same locks; they only hold a few bytes.</remarks>
[SuppressMessage("Design", "CA1001", Justification = "RemoveAsync ends what it owns and is called at the end of every life.")]
internal sealed class SimulatedDriver(MachineContext context) : IMachineDriver
{
    internal const string AcceleratorName = "simulated";
    internal const string GuestFolder = "guest";
    private readonly Simulation knobs = context.Task.Simulation ?? new Simulation();
    private readonly TemplateStore store = new(context.CacheDirectory, context.Time, context.Options.TemplateCacheBytes, context.Options.Reached);
    private readonly TemplateFacts facts = TemplateFacts.Of(context.Task, AcceleratorName, AcceleratorName, AcceleratorName, AcceleratorName);
    private TemplateLease? template;
    private GuestChannel? channel;

    public AcceleratorChoice? Accelerator { get; } = new(AcceleratorName, "simulated: no virtual machine runs; for trying out and for tests.");

    public StartChoice? Start { get; private set; }

    public NetworkOutcome? Connection => null;

    public string? Tap => null;

    public Task LimitNetworkAsync(long? bytes, CancellationToken cancellationToken)
    {
        context.Console.AppendLine($"[simulated] network limit: {bytes} bytes per second");
        return Task.CompletedTask;
    }

    public DiskOrigin Origin => DiskOrigin.None;

    public GuestNetwork Network => GuestNetwork.OfThisMachine;

    public async Task PrepareAsync(string stage, IProgress<string> progress, CancellationToken cancellationToken)
    {
        await MisbehaveAsync(stage, cancellationToken);
        if (stage == MachineStage.Image && context.Task.Kept)
        {
            Start = (await KeptDisks.Of(context).TakeAsync(context.Task.ExternalId, context.TaskId, context.Sandbox, context.Options, cancellationToken)).Start;
        }
        else if (stage == MachineStage.Image)
        {
            (Start, template) = TemplateChoice.Of(context.Task, facts, store);
        }
        else if (stage == MachineStage.Disk)
        {
            Directory.CreateDirectory(Path.Combine(context.Sandbox, GuestFolder));
        }
    }

    public async Task<IMachine> PowerOnAsync(CancellationToken cancellationToken)
    {
        channel = new GuestChannel(context.Sandbox, context.Time);
        context.Console.AppendLine($"[simulated] {context.Task.Name} is switched on");
        await MisbehaveAsync(MachineStage.Boot, cancellationToken);
        if (template is not null && Start!.Way == StartWay.Template)
        {
            try
            {
                return await CopyAsync(template, cancellationToken);
            }
            catch (TemplateBrokenException e)
            {
                store.Discard(template.Key);
                Start = StartDecision.Failed(template.Key, e.Message, thrownAway: true);
            }
        }

        await Task.Delay(TimeSpan.FromMilliseconds(knobs.BootMilliseconds), context.Time, cancellationToken);
        return Machine(await StartGuestAsync(), channel);
    }

    public Task AdoptAsync(MachineTask machine, CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task FreezeAsync(IMachine machine, IProgress<string> progress, CancellationToken cancellationToken)
    {
        machine.Kill();
        await machine.Exited.WaitAsync(cancellationToken);
        using var draft = store.TryBegin(facts);
        if (draft is null)
        {
            throw new MachineException("Another task of this computer makes the same template.");
        }

        await File.WriteAllTextAsync(draft.PathOf(TemplateLease.StateFile), "simulated", cancellationToken);
        context.Options.Reached?.Invoke("template.written:after");
        await draft.PublishAsync(context.Task.DiskBytes, context.Time.GetUtcNow(), new Dictionary<string, string>(StringComparer.Ordinal), cancellationToken);
    }

    public Task RemoveAsync()
    {
        template?.Dispose();
        channel?.Dispose();
        foreach (var folder in new[] { GuestFolder, SimulatedControls.SnapshotFolder }.Select(name => Path.Combine(context.Sandbox, name)).Where(Directory.Exists))
        {
            Directory.Delete(folder, recursive: true);
        }

        File.Delete(Path.Combine(context.Sandbox, GuestChannel.SocketName));
        return Task.CompletedTask;
    }

    private async Task<IMachine> CopyAsync(TemplateLease from, CancellationToken cancellationToken)
    {
        await from.VerifyAsync(cancellationToken);
        await Task.Delay(TimeSpan.FromMilliseconds(knobs.CopyMilliseconds), context.Time, cancellationToken);
        context.Console.AppendLine($"[simulated] a copy of the template {from.Key}");
        var guest = await StartGuestAsync();
        var words = new FirstWords(channel!);
        try
        {
            // Only a simulated copy says hello first: its agent is a new process, not the template's.
            await words.HearAsync(GuestMessage.Hello, cancellationToken);
            await Seeding.RunAsync(words, context.Time, cancellationToken);
            return Machine(guest, words);
        }
        catch
        {
            await words.DisposeAsync();
            guest.Signal(Processes.LibC.SigKill);
            await guest.Ended;
            guest.Dispose();
            throw;
        }
    }

    private async Task<GuestProcess> StartGuestAsync()
    {
        var guest = await GuestProcess.StartAsync(context, Path.Combine(context.Sandbox, GuestFolder));
        context.Console.AppendLine("[simulated] the guest is up");
        return guest;
    }

    private SimulatedMachine Machine(GuestProcess guest, IGuestChannel talk) => new(context, knobs, guest, StartGuestAsync, new MisbehavingChannel(talk, knobs));

    private async Task MisbehaveAsync(string stage, CancellationToken cancellationToken)
    {
        if (knobs.FailAt == stage)
        {
            context.Console.AppendLine(string.Create(CultureInfo.InvariantCulture, $"[simulated] fails at {stage}"));
            throw new MachineException($"simulated failure at {stage}");
        }

        if (knobs.HangAt == stage)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, context.Time, cancellationToken);
        }
    }
}
