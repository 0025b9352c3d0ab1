using System.CommandLine;
using Drover.Bench;
using Drover.Bench.Link;

var format = new Option<string>("--format") { Description = "table or json", DefaultValueFactory = _ => "table", Recursive = true };
format.AcceptOnlyFromAmong("table", "json");

var hosts = new Option<int>("--hosts") { Description = "How many hosts to make, one after the other", DefaultValueFactory = _ => 1 };
var accelerator = new Option<string>("--accel") { Description = "auto, kvm, tcg or simulated", DefaultValueFactory = _ => "auto" };
var road = new Command("road", "Stage times of a cold host, and resident memory of server, scheduler, executor and guest agent") { hosts, accelerator };
road.SetAction(async (parsed, token) =>
{
    var report = await RoadBenchmark.RunAsync(parsed.GetValue(hosts), parsed.GetValue(accelerator)!, token);
    report.Print(parsed.GetValue(format)!, Console.Out);
    return 0;
});

var start = new Command("start", "Time of a second `drover up` until the page is ready, with programs and image in place");
start.SetAction(async (parsed, token) =>
{
    var report = await StartBenchmark.RunAsync(token);
    report.Print(parsed.GetValue(format)!, Console.Out);
    return 0;
});

var many = new Option<int>("--hosts") { Description = "How many hosts from a template, and how many warm ones", DefaultValueFactory = _ => 7 };
var cold = new Option<int>("--cold") { Description = "How many cold boots", DefaultValueFactory = _ => 3 };
var atOnce = new Option<int>("--at-once") { Description = "How many hosts at once", DefaultValueFactory = _ => 20 };
var warm = new Option<int>("--warm") { Description = "Size of the warm pool; 0 leaves it out", DefaultValueFactory = _ => 1 };
var memory = new Option<string>("--memory") { Description = "Memory of each host", DefaultValueFactory = _ => "512MiB" };
var cloud = new Option<bool>("--cloud") { Description = "Also boot a foreign cloud image, made of Debian's packages (root; some minutes more)" };
var cloudImage = new Option<string?>("--cloud-image") { Description = "Also boot this foreign image, which was added before" };
var ways = new Command("hosts", "Add Host to active: cold, from a template, from the warm pool, many at once; memory and disk per host") { many, cold, atOnce, warm, memory, accelerator, cloud, cloudImage };
ways.SetAction(async (parsed, token) =>
{
    var options = new HostsBenchmarkOptions(
        parsed.GetValue(many), parsed.GetValue(cold), parsed.GetValue(atOnce), parsed.GetValue(warm), parsed.GetValue(memory)!, parsed.GetValue(accelerator)!, parsed.GetValue(cloud), parsed.GetValue(cloudImage));
    var report = await HostsBenchmark.RunAsync(options, token);
    report.Print(parsed.GetValue(format)!, Console.Out);
    return 0;
});

var rounds = new Option<int>("--rounds") { Description = "How often each command is run in both ways; 0 leaves the comparison out", DefaultValueFactory = _ => 9 };
var log = new Option<int>("--log-mb") { Description = "Size of the log that is read", DefaultValueFactory = _ => 20 };
var crowd = new Option<int>("--crowd") { Description = "How many simulated hosts the server and its page bear; 0 leaves them out", DefaultValueFactory = _ => 500 };
var perHost = new Option<int>("--containers") { Description = "Containers on each of them", DefaultValueFactory = _ => 20 };
var link = new Command("link", "A host's Docker by the link and directly: requests, run, exec, logs; then 500 simulated hosts with 10,000 containers: the server's memory, and its page of containers") { rounds, log, crowd, perHost, accelerator };
link.SetAction(async (parsed, token) =>
{
    var report = await new LinkBenchmark(parsed.GetValue(accelerator)!, parsed.GetValue(rounds), parsed.GetValue(log), parsed.GetValue(crowd), parsed.GetValue(perHost)).RunAsync(token);
    report.Print(parsed.GetValue(format)!, Console.Out);
    return 0;
});

var root = new RootCommand("Benchmarks of Drover. Figures of one run on one machine are comparable; others are not.") { road, start, ways, link };
root.Options.Add(format);
try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (InvalidOperationException e)
{
    await Console.Error.WriteLineAsync($"bench: {e.Message}");
    return 1;
}
