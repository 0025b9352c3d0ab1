using System.Diagnostics;
using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Cli.Output;

namespace Drover.Cli.Local;

/// <summary>The guest images of a checkout: one folder each below <c>artifacts/images</c>, made by the recipe <c>images/build.sh</c>.</summary>
internal sealed class GuestImages(Checkout checkout, string programFolder)
{
    /// <summary>The name of the image that the recipe makes when no other is asked for.</summary>
    public const string Standard = "drover";

    private string Agent => Path.Combine(programFolder, "drover-agent");

    public string FolderOf(string name) => Path.Combine(checkout.ImagesFolder, name);

    public bool Exists(string name) => File.Exists(Path.Combine(FolderOf(name), "manifest.json"));

    public IReadOnlyList<JsonObject> List() =>
    [
        .. ImageFolder.All(checkout.ImagesFolder).Select(name => Describe(FolderOf(name))),
    ];

    public void Remove(string name)
    {
        if (!IsName(name) || !Directory.Exists(FolderOf(name)))
        {
            var known = List().Select(i => i.Text("name")!).ToList();
            throw new CliFailure(ExitCode.NotFound, $"There is no image '{name}'.", known.Count == 0 ? "There is none at all." : $"There are: {string.Join(", ", known)}.");
        }

        Directory.Delete(FolderOf(name), recursive: true);
    }

    /// <summary>True when the image was made from what the recipe is made of now.</summary>
    public async Task<bool> IsCurrentAsync(string name, CancellationToken cancellationToken)
    {
        if (DataFolder.TryRead(Path.Combine(FolderOf(name), "manifest.json"))?.Text("inputs") is not { } inputs)
        {
            return false;
        }

        var lines = new List<string>();
        var exit = await RunAsync(["--agent", Agent, "--name", name, "--print-inputs"], lines.Add, cancellationToken);
        return exit == 0 && lines.Contains(inputs);
    }

    /// <summary>Makes the image; does nothing when it is current.</summary>
    /// <param name="line">Each line that the recipe prints.</param>
    /// <exception cref="CliFailure">It could not be made; the folder is as it was.</exception>
    public async Task MakeAsync(string name, IReadOnlyList<string> more, Action<string> line, CancellationToken cancellationToken)
    {
        var last = new Queue<string>();
        var exit = await RunAsync(["--agent", Agent, "--name", name, "--out", FolderOf(name), .. more], Take, cancellationToken);
        if (exit != 0)
        {
            throw new CliFailure(exit == 2 ? ExitCode.Usage : ExitCode.Failed, $"The guest image '{name}' could not be made:", string.Join('\n', last));
        }

        void Take(string text)
        {
            lock (last)
            {
                last.Enqueue(text);
                if (last.Count > 12)
                {
                    last.Dequeue();
                }

                line(text);
            }
        }
    }

    internal static bool IsName(string name) => ImageFolder.IsName(name);

    private static JsonObject Describe(string folder)
    {
        var manifest = DataFolder.TryRead(Path.Combine(folder, "manifest.json"));
        var size = new DirectoryInfo(folder).EnumerateFiles().Sum(f => f.Length);
        return new JsonObject
        {
            ["id"] = Path.GetFileName(folder),
            ["name"] = manifest?.Text("name") ?? Path.GetFileName(folder),
            ["state"] = manifest is null || File.Exists(Path.Combine(folder, ImageFolder.Broken)) ? "broken" : "active",
            ["kind"] = manifest?.Text("kind") ?? ImageKind.Drover,
            ["size"] = size,
            ["source"] = manifest?.Text("source"),
            ["created"] = manifest?.Text("created"),
        };
    }

    private async Task<int> RunAsync(string[] arguments, Action<string> line, CancellationToken cancellationToken)
    {
        if (!File.Exists(checkout.ImageRecipe))
        {
            throw new CliFailure(ExitCode.Failed, $"The image recipe {checkout.ImageRecipe} is missing.", "Is DROVER_HOME the checkout of Drover?");
        }

        var start = new ProcessStartInfo("bash", [checkout.ImageRecipe, .. arguments]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        using var process = Process.Start(start) ?? throw new CliFailure(ExitCode.Failed, "bash could not be started.");
        process.StandardInput.Close();
        process.OutputDataReceived += (_, e) => Pass(e.Data);
        process.ErrorDataReceived += (_, e) => Pass(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            // It cleans up after SIGTERM; what it leaves when killed it finds and removes the next time.
            var table = new ProcessTable("/proc");
            if (table.Find(process.Id) is { } running)
            {
                await Ending.OfAsync([running], table, TimeSpan.FromSeconds(5), TimeProvider.System, CancellationToken.None);
            }

            throw;
        }

        void Pass(string? text)
        {
            if (!string.IsNullOrWhiteSpace(text))
            {
                line(text);
            }
        }
    }
}
