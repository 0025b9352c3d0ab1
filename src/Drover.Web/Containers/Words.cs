using System.Diagnostics.CodeAnalysis;

namespace Drover.Web.Containers;

/// <summary>Texts that many containers share (images, hosts, labels), kept once.</summary>
public sealed class Words
{
    /// <summary>What is beyond it is not shared, so that labels with values of their own (ids, times) do not fill it.</summary>
    private const int Most = 20_000;

    private const int LongestKept = 256;

    private readonly Dictionary<string, string> _kept = new(StringComparer.Ordinal);

    [return: NotNullIfNotNull(nameof(word))]
    public string? Keep(string? word)
    {
        if (word is null or { Length: > LongestKept })
        {
            return word;
        }

        if (!_kept.TryGetValue(word, out var kept) && _kept.Count < Most)
        {
            _kept[word] = word;
        }

        return kept ?? word;
    }
}
