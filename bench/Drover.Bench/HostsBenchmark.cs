using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Api.Machines;

namespace Drover.Bench;

/// <summary>Add Host → active for every way to a running machine, many at once, and what one more host costs in memory and disk; all in one run.</summary>
internal sealed class HostsBenchmark(HostsBenchmarkOptions options, Instance instance, MachineWatch machines)
{
    /// <summary>Seconds that the 2015 system needed at least: it slept 60 s, then swept the network by ping for 25 s, and only then looked.</summary>
    private const double FloorOf2015 = 85;

    /// <summary>Of the warm hosts, so many run a container.</summary>
    private const int Checks = 3;

    private static readonly TimeSpan IdleWindow = TimeSpan.FromSeconds(5);

    /// <summary>Of one processor, that an idle machine takes at most.</summary>
    private const double IdleShare = 0.05;

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    private readonly List<Figure> figures = [];
    private int names;
    private string? accelerator;

    public static async Task<Report> RunAsync(HostsBenchmarkOptions options, CancellationToken cancellationToken)
    {
        if (options.Accelerator != "simulated")
        {
            await Instance.EnsureImageAsync(cancellationToken);
        }

        await using var instance = new Instance();
        instance.Start("server,web,scheduler,mesos-master,mesos-agent", "--listen", instance.Url.Authority, "--accel", options.Accelerator, "--cpu-overcommit", "16");
        await instance.ReadyAsync(cancellationToken);
        await using var machines = new MachineWatch(instance.Client());
        return await new HostsBenchmark(options, instance, machines).RunAsync(cancellationToken);
    }

    private async Task<Report> RunAsync(CancellationToken cancellationToken)
    {
        Say("cold");
        var cold = await SeriesAsync("cold", Config("cold"), options.Cold, cancellationToken);
        Say("a template is being made");
        await PrimeAsync(cancellationToken);
        Say("template");
        var template = await SeriesAsync("template", Config("auto"), options.Hosts, cancellationToken);
        double? warm = null;
        if (options.Warm > 0)
        {
            Say("warm");
            warm = await WarmAsync(cancellationToken);
        }

        if (options.CloudImage is { } image)
        {
            Say("cloud-image");
            await SeriesAsync("cloud-image", Config("cold", image), 1, cancellationToken);
        }
        else if (options.Cloud)
        {
            Say("cloud-image: it is made of packages");
            await using var made = await CloudImage.AddAsync(instance, cancellationToken);
            Say("cloud-image");
            await SeriesAsync("cloud-image", Config("cold", CloudImage.Name), 1, cancellationToken);
        }

        Say($"{options.AtOnce} at once");
        await AtOnceAsync(cancellationToken);
        figures.Add(new Figure("2015 floor (60 s sleep + 25 s sweep; not measured)", "s", [FloorOf2015]));
        figures.Add(new Figure("cold ÷ template", "×", [cold / template]));
        if (warm is { } seconds)
        {
            figures.Add(new Figure("cold ÷ warm", "×", [cold / seconds]));
        }

        return new Report(Machine.Describe(accelerator), figures);
    }

    /// <summary>One host after the other, each removed before the next. Returns the median.</summary>
    private async Task<double> SeriesAsync(string way, JsonObject config, int count, CancellationToken cancellationToken)
    {
        List<double> total = [];
        var stages = new Dictionary<string, List<double>>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            var made = await machines.MakeAsync(NextName(), config, cancellationToken);
            Expect(way, made);
            total.Add(made.Seconds);
            Take(made, stages);
            await machines.RemoveAsync(made.Machine.Id, cancellationToken);
        }

        return Add(way, total, stages);
    }

    private double Add(string way, List<double> total, Dictionary<string, List<double>> stages)
    {
        var figure = new Figure(way, "s", total);
        figures.Add(figure);
        figures.AddRange(MachineStage.All.Where(stages.ContainsKey).Select(stage => new Figure($"{way}: {stage}", "s", stages[stage])));
        return figure.Median;
    }

    private void Take(Made made, Dictionary<string, List<double>> stages)
    {
        accelerator ??= made.Machine.Text("accelerator");
        foreach (var stage in made.Stages.Where(s => s.FinishedAt is not null))
        {
            (stages.TryGetValue(stage.Stage, out var list) ? list : stages[stage.Stage] = []).Add((stage.FinishedAt!.Value - stage.StartedAt).TotalSeconds);
        }
    }

    /// <summary>A first host of the size makes the scheduler have a template made; waits until one is used.</summary>
    private async Task PrimeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var made = await machines.MakeAsync(NextName(), Config("auto"), cancellationToken);
            await machines.RemoveAsync(made.Machine.Id, cancellationToken);
            if (made.Way == StartWay.Template)
            {
                return;
            }

            await PoolAsync(member => (string?)member["kind"] == "template" && (string?)member["state"] == "made", cancellationToken);
        }
    }

    private async Task<double> WarmAsync(CancellationToken cancellationToken)
    {
        var client = instance.Admin();
        await client.UpdateAsync("settings", "pool.warm", new JsonObject { ["value"] = options.Warm.ToString(CultureInfo.InvariantCulture) }, cancellationToken);
        List<double> total = [], container = [];
        var claimed = new HashSet<string?>(StringComparer.Ordinal);
        var stages = new Dictionary<string, List<double>>(StringComparer.Ordinal);
        for (var i = 0; i < options.Hosts; i++)
        {
            // What the server shows may be a moment old: a spare that was claimed is not waited for again.
            var spare = await PoolAsync(member => (string?)member["kind"] == "warm" && (string?)member["state"] == "ready" && !claimed.Contains((string?)member["id"]), cancellationToken);
            claimed.Add((string?)spare["id"]);
            var made = await machines.MakeAsync(NextName(), Config("auto"), cancellationToken);
            Expect(StartWay.Warm, made);
            total.Add(made.Seconds);
            Take(made, stages);
            if (i < Checks && options.Accelerator != "simulated")
            {
                container.Add(made.Seconds + await machines.CheckAsync(made.Machine.Id, cancellationToken));
            }

            await machines.RemoveAsync(made.Machine.Id, cancellationToken);
        }

        await client.UpdateAsync("settings", "pool.warm", new JsonObject { ["value"] = "0" }, cancellationToken);
        var median = Add("warm", total, stages);
        if (container.Count > 0)
        {
            figures.Add(new Figure("warm: until a first container has been run", "s", container));
        }

        return median;
    }

    private async Task AtOnceAsync(CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var made = await Task.WhenAll(Enumerable.Range(0, options.AtOnce).Select(_ => machines.MakeAsync(NextName(), Config("auto"), cancellationToken)));
        figures.Add(new Figure($"{options.AtOnce} at once: until the last is active", "s", [Stopwatch.GetElapsedTime(began).TotalSeconds]));
        figures.Add(new Figure($"{options.AtOnce} at once: each", "s", [.. made.Select(m => m.Seconds)]));
        if (options.Accelerator != "simulated")
        {
            // What an idle copy holds, with all its cards.
            await IdleAsync(cancellationToken);
            figures.Add(new Figure("memory per idle copy (PSS of QEMU)", "MB", [.. instance.Find("qemu-system-x86_64").Select(Usage.ProportionalMegabytes)]));
            figures.Add(new Figure("memory per executor (PSS)", "MB", [.. instance.Find("drover-executor").Select(Usage.ProportionalMegabytes)]));
            figures.Add(new Figure("disk per host", "MB", [.. Usage.DiskMegabytes(instance.Data)]));
        }

        foreach (var one in made)
        {
            await machines.RemoveAsync(one.Machine.Id, cancellationToken);
        }
    }

    /// <summary>Waits until the machines have got all that they get as hosts, and do nothing any more.</summary>
    private async Task IdleAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(IdleWindow);
        TimeSpan before, now = Used();
        do
        {
            before = now;
            await timer.WaitForNextTickAsync(cancellationToken);
            now = Used();
        }
        while (now - before > IdleWindow * IdleShare * options.AtOnce);

        TimeSpan Used() => instance.Find("qemu-system-x86_64").Aggregate(TimeSpan.Zero, (sum, pid) => sum + Usage.ProcessorTime(pid));
    }

    private JsonObject Config(string startFrom, string? image = null) => new()
    {
        ["cpus"] = 1,
        ["memory"] = options.Memory,

        // Mesos counts the disk as asked for, not as used: twenty must fit.
        ["disk"] = "2GiB",
        ["startFrom"] = startFrom,
        ["image"] = image ?? "drover",
    };

    /// <returns>The first member that is as wanted, as soon as there is one.</returns>
    private async Task<JsonObject> PoolAsync(Func<JsonObject, bool> wanted, CancellationToken cancellationToken)
    {
        var client = instance.Admin();
        using var timer = new PeriodicTimer(Pace);
        while (true)
        {
            if ((await client.ListAsync("pools", cancellationToken)).SelectMany(pool => pool.Json["members"]?.AsArray() ?? []).OfType<JsonObject>().FirstOrDefault(wanted) is { } found)
            {
                return found;
            }

            instance.MustLive();
            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    private string NextName() => string.Create(CultureInfo.InvariantCulture, $"bench-{++names}");

    private static void Expect(string way, Made made)
    {
        if (made.Way != way)
        {
            throw new InvalidOperationException($"{made.Machine.Name} came up {made.Way}, not {way}: {made.Machine.Text("wayReason")}");
        }
    }

    private static void Say(string what) => Console.Error.WriteLine($"==> {what}");
}

/// <param name="Hosts">How many are made for template and warm.</param>
/// <param name="Cold">How many are booted.</param>
/// <param name="Warm">Size of the warm pool; 0 leaves it out.</param>
/// <param name="Memory">Of each machine.</param>
/// <param name="Cloud">Make a foreign image and boot it as well.</param>
/// <param name="CloudImage">Name of a foreign image to boot as well.</param>
internal sealed record HostsBenchmarkOptions(int Hosts, int Cold, int AtOnce, int Warm, string Memory, string Accelerator, bool Cloud, string? CloudImage);
