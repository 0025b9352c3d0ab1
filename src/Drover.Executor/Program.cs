using System.Runtime.InteropServices;
using Drover.Executor;
using Drover.Mesos;

var (command, error) = ExecutorCommandLine.Read(args);
if (command is null)
{
    Console.Error.WriteLine(error);
    return ExecutorHost.Usage;
}

if (command.Version)
{
    Console.WriteLine(ExecutorCommandLine.VersionText);
    return ExecutorHost.Done;
}

using var stop = new CancellationTokenSource();
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
{
    context.Cancel = true;
    stop.Cancel();
});

var options = new ExecutorOptions { StateDirectory = command.StateDirectory, CacheDirectory = command.CacheDirectory };
if (command.Ledger)
{
    return await LedgerCommand.RunAsync(command, options, Console.Out, Console.Error, stop.Token);
}

if (command.Probe)
{
    return await ProbeCommand.RunAsync(command, options, Console.Out, stop.Token);
}

try
{
    var environment = ExecutorEnvironment.FromEnvironment();
    return await ExecutorHost.RunAsync(environment, environment.Sandbox, options, TimeProvider.System, stop.Token);
}
catch (FormatException e)
{
    Console.Error.WriteLine(e.Message);
    return ExecutorHost.Usage;
}
