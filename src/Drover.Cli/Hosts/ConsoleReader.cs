using Drover.Api.Cattle;

namespace Drover.Cli.Hosts;

/// <summary>Reads a machine's serial console through the API: <c>GET machines/ID/console?offset=N</c>, in pieces.</summary>
internal sealed class ConsoleReader(CattleClient environment, string machineId)
{
    /// <summary>Where the next piece begins, in bytes from the start of the log.</summary>
    public long Offset { get; private set; }

    /// <summary>The text that is there beyond <see cref="Offset"/>; empty at the end.</summary>
    /// <remarks>The log is bounded: it begins anew when it is full. A size below the offset tells that, and reading starts over.</remarks>
    public async Task<string> ReadAsync(CancellationToken cancellationToken)
    {
        var piece = new CattleResource(await environment.SendAsync(HttpMethod.Get, $"machines/{machineId}/console?offset={Offset}", null, cancellationToken));
        var size = (long)(piece.Number("size") ?? 0);
        if (size < Offset)
        {
            Offset = 0;
            return await ReadAsync(cancellationToken);
        }

        Offset = Math.Max((long)(piece.Number("next") ?? Offset), Offset);
        return piece.Text("text") ?? "";
    }

    /// <summary>Everything up to the present end, or its last lines.</summary>
    public async Task<string> ReadToEndAsync(int? lines, CancellationToken cancellationToken)
    {
        var all = new System.Text.StringBuilder();
        for (string piece; (piece = await ReadAsync(cancellationToken)).Length > 0;)
        {
            all.Append(piece);
        }

        return lines is { } last ? LastLines(all.ToString(), last) : all.ToString();
    }

    internal static string LastLines(string text, int lines)
    {
        if (lines <= 0)
        {
            return "";
        }

        var at = text.EndsWith('\n') ? text.Length - 1 : text.Length;
        for (var found = 0; found < lines; found++)
        {
            at = at == 0 ? -1 : text.LastIndexOf('\n', at - 1);
            if (at < 0)
            {
                return text;
            }
        }

        return text[(at + 1)..];
    }
}
