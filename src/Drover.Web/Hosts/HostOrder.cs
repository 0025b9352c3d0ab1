namespace Drover.Web.Hosts;

/// <summary>How lists are ordered: what needs eyes, what is in the making, the rest; names as people count (<c>web-2</c> before <c>web-10</c>).</summary>
internal static class HostOrder
{
    public static IComparer<string> Names { get; } = Comparer<string>.Create(Compare);

    public static int Rank(HostView view) => view.Status.Tone switch
    {
        StatusTone.Failed => 0,
        StatusTone.Waiting => 1,
        StatusTone.Working => 2,
        _ => 3,
    };

    private static int Compare(string? left, string? right)
    {
        var (a, b) = (left ?? "", right ?? "");
        for (int i = 0, j = 0; i < a.Length && j < b.Length;)
        {
            if (char.IsAsciiDigit(a[i]) && char.IsAsciiDigit(b[j]))
            {
                var (x, y) = (Digits(a, i), Digits(b, j));
                var p = a.AsSpan(i, x).TrimStart('0');
                var q = b.AsSpan(j, y).TrimStart('0');
                var byNumber = p.Length != q.Length ? p.Length.CompareTo(q.Length) : p.SequenceCompareTo(q);
                if (byNumber != 0)
                {
                    return byNumber;
                }

                (i, j) = (i + x, j + y);
            }
            else
            {
                var byLetter = char.ToLowerInvariant(a[i++]).CompareTo(char.ToLowerInvariant(b[j++]));
                if (byLetter != 0)
                {
                    return byLetter;
                }
            }
        }

        return a.Length.CompareTo(b.Length);
    }

    private static int Digits(string text, int start)
    {
        var end = start;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
        {
            end++;
        }

        return end - start;
    }
}
