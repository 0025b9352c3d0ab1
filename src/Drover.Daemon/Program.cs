using Drover.Daemon;

return await new CommandLine(DaemonHost.RunAsync).Root.Parse(args).InvokeAsync();
