using System.Text.Json;
using Drover.Api.Machines;
using Drover.Executor.Accelerators;
using Drover.Executor.Machines;
using Drover.Executor.Qemu;

namespace Drover.Executor;

/// <summary><c>--probe</c>: which accelerator machines get on this computer, for people and for the launcher.</summary>
internal static class ProbeCommand
{
    /// <summary>Prints one line such as <c>tcg: software emulation, …</c>. Fails with status 1 when QEMU or the image is missing.</summary>
    internal static async Task<int> RunAsync(ExecutorCommandLine command, ExecutorOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        try
        {
            var folder = command.ImageFolder ?? throw new MachineException("--probe needs --image DIR: a kernel to try.");
            var manifest = JsonSerializer.Deserialize(await File.ReadAllBytesAsync(Path.Combine(folder, "manifest.json"), cancellationToken), MachineJson.Default.ImageManifest)!;
            string Role(string role) => Path.Combine(folder, manifest.Files.Single(file => file.Role == role).Name);

            var time = TimeProvider.System;
            var version = await QemuVersion.OfAsync(options.QemuProgram, cancellationToken);
            var probe = new AcceleratorProbe(options.QemuProgram, time);
            var user = QemuUser.For(AcceleratorSelector.Kvm, options.DropPrivileges).User;
            var state = command.StateDirectory ?? Directory.CreateTempSubdirectory("drover-probe-").FullName;
            try
            {
                var choice = await new AcceleratorSelector(state, time).ChooseAsync(
                    "auto", AcceleratorFacts.OfThisMachine(version), KvmDevice.WhyNot(), token => probe.RunAsync(Role("kernel"), Role("initrd"), user, token), new Silence(), cancellationToken);
                await output.WriteLineAsync(choice.Reason);
                return ExecutorHost.Done;
            }
            finally
            {
                if (command.StateDirectory is null)
                {
                    Directory.Delete(state, recursive: true);
                }
            }
        }
        catch (Exception e) when (e is MachineException or IOException or JsonException)
        {
            await output.WriteLineAsync(e.Message);
            return ExecutorHost.AgentLost;
        }
    }

    private sealed class Silence : IProgress<string>
    {
        public void Report(string value)
        {
        }
    }
}
