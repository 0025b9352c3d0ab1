using Drover.Cli.Hosts;
using Drover.Cli.Output;

namespace Drover.Cli.Local;

/// <summary>The last words of <c>drover up</c>: where the page is, who may sign in, what runs.</summary>
internal static class UpSummary
{
    public static async Task WriteAsync(InstanceRecord instance, UpOptions options, CliContext context, CancellationToken cancellationToken)
    {
        using var server = LocalServer.Connect(options.Data, instance, context);
        var rows = await new HostDirectory(await server.EnvironmentAsync(cancellationToken)).ListAsync(cancellationToken);
        var output = context.Console.Out;
        output.WriteLine();
        output.WriteLine("Drover is running.");
        output.WriteLine();
        output.WriteLine($"  Page      {instance.Url.GetLeftPart(UriPartial.Authority)}");
        WriteLogin(options.Data, output);
        output.WriteLine($"  Data      {options.Data.Path}");
        output.WriteLine($"  Hosts     {Hosts(rows)}");
        output.WriteLine();
        output.WriteLine($"Stop it with '{context.Called} down{DataOption(options.Data, context)}'.");
        output.Flush();
    }

    public static int WriteAlreadyRunning(InstanceRecord instance, UpOptions asked, CliContext context)
    {
        var output = context.Console.Out;
        output.WriteLine($"Drover is already running on {asked.Data.Path}: {instance.Url.GetLeftPart(UriPartial.Authority)} (process {instance.Pid}). Nothing was changed.");
        WriteLogin(asked.Data, output);
        if (asked.Listen is { Port: not 0 } listen && listen.Port != instance.Url.Port)
        {
            output.WriteLine($"It does not listen on {listen}: '{context.Called} down --keep-hosts{DataOption(asked.Data, context)}' first, to move it there.");
        }

        output.Flush();
        return ExitCode.Ok;
    }

    private static void WriteLogin(DataFolder data, TextWriter output)
    {
        output.WriteLine("  User      admin");
        try
        {
            output.WriteLine($"  Password  {TextSafety.Line(File.ReadAllText(data.PasswordFile).Trim())}");
        }
        catch (FileNotFoundException)
        {
            output.WriteLine("  Password  the one you gave it (the generated one was changed)");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            output.WriteLine($"  Password  in {data.PasswordFile}, which this user may not read");
        }
    }

    private static string Hosts(IReadOnlyList<HostRow> rows) => rows.Count switch
    {
        0 => "none yet",
        <= 5 => TextSafety.Line(string.Join(", ", rows.Select(r => $"{r.Name} {r.State}"))),
        _ => $"{rows.Count}: {string.Join(", ", rows.GroupBy(r => r.State).Select(g => $"{g.Count()} {TextSafety.Line(g.Key)}"))}",
    };

    private static string DataOption(DataFolder data, CliContext context) =>
        data.Path == new DataFolder(DataFolder.Default(context)).Path || context.Variable("DROVER_DATA") is not null ? "" : $" --data {data.Path}";
}
