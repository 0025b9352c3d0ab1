using Drover.Cli;
using Drover.Cli.Commands;

using var interrupt = InterruptSignal.Listen();
using var context = CliContext.ForThisProcess(interrupt);
return await CommandLine.RunAsync(args, context);
