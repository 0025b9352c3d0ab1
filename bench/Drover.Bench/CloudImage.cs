using System.Diagnostics;

namespace Drover.Bench;

/// <summary>A cloud image that knows nothing of Drover, made of Debian's packages as for the tests (about 90 s, kept in <c>~/.cache/drover</c>), among the instance's images
/// for as long as it is measured.</summary>
internal sealed class CloudImage : IAsyncDisposable
{
    private readonly Instance _instance;

    private CloudImage(Instance instance) => _instance = instance;

    public static string Name => "bench-cloud";

    public static async Task<CloudImage> AddAsync(Instance instance, CancellationToken cancellationToken)
    {
        var file = (await RunAsync(Path.Combine(Instance.Home, "images", "cloud-test", "build.sh"), [], instance, cancellationToken)).Trim();
        var image = new CloudImage(instance);

        // The folder of images is the checkout's: a run that was killed may have left it there.
        await image.RemoveAsync();
        await RunAsync(Drover, ["image", "add", Name, file, "--quiet"], instance, cancellationToken);
        return image;
    }

    public async ValueTask DisposeAsync() => await RemoveAsync();

    private static string Drover => Path.Combine(Instance.Programs, "drover");

    private async Task RemoveAsync()
    {
        try
        {
            await RunAsync(Drover, ["image", "rm", Name, "--force"], _instance, CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            // It was not there.
        }
    }

    private static async Task<string> RunAsync(string program, IEnumerable<string> arguments, Instance instance, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["DROVER_DATA"] = instance.Data } };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{Path.GetFileName(program)} {string.Join(' ', start.ArgumentList)}: {(await errors).Trim()}");
    }
}
