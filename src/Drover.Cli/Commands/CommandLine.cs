using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Drover.Api.Cattle;
using Drover.Cli.Commands.Hosts;
using Drover.Cli.Output;

namespace Drover.Cli.Commands;

/// <summary>The whole command line: every command in one list, and what becomes of its errors.</summary>
internal static class CommandLine
{
    public static RootCommand Build(CliContext context)
    {
        var shared = new SharedOptions();
        var root = new RootCommand("Drover: a private container service on virtual machines.")
        {
            UpCommand.Create(context, shared),
            DownCommand.Create(context, shared),
            StatusCommand.Create(context, shared),
            DoctorCommand.Create(context, shared),
            HostCommands.Create(context, shared),
            DockerCommand.Create(context, shared),
            DockerEnvCommand.Create(context, shared),
            DockerEnvCommand.CreateProxy(context, shared),
            EnvironmentCommands.Create(context, shared),
            WaitCommand.Create(context, shared),
            EventsCommand.Create(context, shared),
            PoolCommands.Create(context, shared),
            ImageCommands.Create(context, shared),
            LoginCommand.Create(context),
            LogoutCommand.Create(context),
            CompletionCommand.Create(context),
        };
        foreach (var command in ContainerCommands.Create(context, shared))
        {
            root.Subcommands.Add(command);
        }

        root.Options.Add(shared.Data);
        root.Options.Add(shared.Environment);
        ReplaceHelp(root);
        return root;
    }

    /// <summary>Runs one command line and returns the exit code; every error has been told on stderr.</summary>
    public static async Task<int> RunAsync(string[] arguments, CliContext context)
    {
        var parsed = Build(context).Parse(arguments);
        if (parsed.Action is ParseErrorAction)
        {
            UsageErrors.Write(parsed, context.Console.Error);
            return ExitCode.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    Output = context.Console.Out,
                    Error = context.Console.Error,
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null,
                },
                context.Interrupt.Token);
        }
        catch (CliFailure failure)
        {
            return Tell(failure, context);
        }
        catch (CattleException refusal)
        {
            return Tell(CliFailure.From(refusal), context);
        }
        catch (OperationCanceledException) when (context.Interrupt.Token.IsCancellationRequested)
        {
            context.Console.Error.WriteLine("Interrupted.");
            return ExitCode.Interrupted;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Tell(new CliFailure(ExitCode.Failed, e.Message), context);
        }
        finally
        {
            context.Console.Flush();
        }
    }

    private static int Tell(CliFailure failure, CliContext context)
    {
        var error = context.Console.Error;
        error.WriteLine($"drover: {TextSafety.Line(failure.Message)}");
        if (failure.Advice is { } advice)
        {
            foreach (var line in advice.Split('\n'))
            {
                error.WriteLine($"  {TextSafety.Line(line)}");
            }
        }

        return failure.ExitCode;
    }

    private static void ReplaceHelp(RootCommand root)
    {
        var help = root.Options.OfType<HelpOption>().Single();
        foreach (var alias in help.Aliases.Where(a => a is not "-h").ToList())
        {
            help.Aliases.Remove(alias);
        }

        help.Action = new HelpWithExitCodes((HelpAction)help.Action!);
    }

    /// <summary>The library's help; below the root command's, what the exit codes mean.</summary>
    private sealed class HelpWithExitCodes(HelpAction inner) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            inner.MaxWidth = 110;
            var result = inner.Invoke(parseResult);
            if (parseResult.CommandResult.Command is RootCommand)
            {
                parseResult.InvocationConfiguration.Output.WriteLine(ExitCode.Help);
            }

            return result;
        }
    }
}
