using System.Text;

namespace Drover.Web.Host;

/// <summary>The text of a serial console as lines that are safe to show: no escape sequences, no control characters, the last <see cref="MostLines"/>.</summary>
/// <remarks>Kept in blocks of <see cref="BlockLines"/>, so that new text changes one block of the page and not the whole log. Chunks end
/// anywhere, also inside an escape sequence: what is not complete waits for the next one.</remarks>
public sealed class BootLogText
{
    public const int MostLines = 5000;
    public const int BlockLines = 100;

    private readonly List<Block> _blocks = [];
    private string _rest = "";
    private int _next;

    public IReadOnlyList<Block> Blocks => _blocks;

    /// <summary>Older lines were dropped.</summary>
    public bool Cut { get; private set; }

    public bool IsEmpty => _blocks.Count == 0;

    public void Append(string chunk)
    {
        var text = _rest + chunk;
        var (clean, used) = Clean(text);
        _rest = text[used..];
        foreach (var (line, ended) in Lines(clean))
        {
            Add(line, ended);
        }
    }

    public void Clear()
    {
        _blocks.Clear();
        _rest = "";
        Cut = false;
    }

    private void Add(string piece, bool ended)
    {
        if (_blocks.Count == 0 || _blocks[^1].IsFull)
        {
            _blocks.Add(new Block(_next++));
            if (_blocks.Count > MostLines / BlockLines)
            {
                _blocks.RemoveAt(0);
                Cut = true;
            }
        }

        _blocks[^1].Add(piece, ended);
    }

    private static IEnumerable<(string Line, bool Ended)> Lines(string text)
    {
        var start = 0;
        for (var end = text.IndexOf('\n', StringComparison.Ordinal); end >= 0; end = text.IndexOf('\n', start))
        {
            yield return (text[start..end], true);
            start = end + 1;
        }

        if (start < text.Length)
        {
            yield return (text[start..], false);
        }
    }

    /// <summary>The text without escape sequences and control characters, and how much of it was complete.</summary>
    private static (string Clean, int Used) Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '\u001b':
                    var end = EscapeSequence.End(text, i);
                    if (end < 0 && text.Length - i < EscapeSequence.Longest)
                    {
                        return (clean.ToString(), i);
                    }

                    i = end < 0 ? i : end - 1;
                    break;
                case '\r' when i + 1 == text.Length:
                    return (clean.ToString(), i);
                case '\r' when text[i + 1] == '\n':
                    break;
                case '\r' or '\n' or '\t' or >= ' ' and not '\u007f' and not (>= '\u0080' and <= '\u009f'):
                    clean.Append(text[i]);
                    break;
            }
        }

        return (clean.ToString(), text.Length);
    }

    /// <summary>Up to <see cref="BlockLines"/> lines.</summary>
    public sealed class Block(int id)
    {
        private readonly StringBuilder _text = new();
        private int _lineStart;

        public int Id { get; } = id;

        public int Lines { get; private set; }

        public bool IsFull => Lines >= BlockLines;

        /// <summary>Changes with each addition; a page compares it to know whether to draw.</summary>
        public int Version { get; private set; }

        public string Text => _text.ToString();

        public void Add(string piece, bool ended)
        {
            // A carriage return starts the line again, as progress bars do.
            var parts = piece.Split('\r');
            for (var i = 0; i < parts.Length; i++)
            {
                if (i > 0 && parts[i].Length > 0)
                {
                    _text.Length = _lineStart;
                }

                _text.Append(parts[i]);
            }

            if (ended)
            {
                _text.Append('\n');
                _lineStart = _text.Length;
                Lines++;
            }

            Version++;
        }
    }
}
