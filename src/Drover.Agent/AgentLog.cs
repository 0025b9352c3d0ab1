namespace Drover.Agent;

/// <summary>Plain lines on standard error, which in a guest is the serial console: what a person reads when a host does not come.</summary>
internal sealed class AgentLog(TextWriter writer)
{
    private readonly Lock _lock = new();
    private string? _last;

    /// <summary>Writes a line. The same line in a row is written once: a server that is away for a day must not fill the console.</summary>
    public void Say(string line)
    {
        lock (_lock)
        {
            if (line == _last)
            {
                return;
            }

            _last = line;
            writer.WriteLine($"drover: {line.ReplaceLineEndings(" ")}");
            writer.Flush();
        }
    }
}
