using Drover.Web.Hosts;
using Microsoft.AspNetCore.WebUtilities;

namespace Drover.Web.Containers;

/// <summary>What of the list is shown, and how. Kept in the page's address, so that a link shows the same.</summary>
internal sealed record ContainerQuery
{
    public const string ByHost = "host";

    public static IReadOnlyList<StateGroup> States { get; } =
    [
        new("failed", "failed", StatusTone.Failed),
        new("waiting", "to look at", StatusTone.Waiting),
        new("working", "in progress", StatusTone.Working),
        new("running", "running", StatusTone.Good),
        new("stopped", "stopped", StatusTone.Off),
    ];

    private static readonly string[] Columns = ["name", "state", "host", "image", "address", "age"];

    /// <summary>Words that must all occur in name, state, image, ids, address or labels.</summary>
    public string Text { get; init; } = "";

    /// <summary>A name of <see cref="States"/>; empty for all.</summary>
    public string State { get; init; } = "";

    /// <summary>The host's id.</summary>
    public string Host { get; init; } = "";

    public string Image { get; init; } = "";

    /// <summary><c>key</c> or <c>key=value</c>.</summary>
    public string Label { get; init; } = "";

    /// <summary>Empty, <see cref="ByHost"/>, or a label's key.</summary>
    public string Group { get; init; } = "";

    public string Sort { get; init; } = "name";

    public bool Descending { get; init; }

    public bool Narrows => Text.Length + State.Length + Host.Length + Image.Length + Label.Length > 0;

    public static ContainerQuery Read(string uri)
    {
        var query = QueryHelpers.ParseQuery(new Uri(uri, UriKind.RelativeOrAbsolute) is { IsAbsoluteUri: true } absolute ? absolute.Query : "");
        string Of(string name) => query.TryGetValue(name, out var values) ? values.FirstOrDefault() ?? "" : "";
        var sort = Of("sort");
        return new ContainerQuery
        {
            Text = Of("q"),
            State = States.Any(s => s.Name == Of("state")) ? Of("state") : "",
            Host = Of("host"),
            Image = Of("image"),
            Label = Of("label"),
            Group = Of("group"),
            Sort = Columns.Contains(sort.TrimStart('-'), StringComparer.Ordinal) ? sort.TrimStart('-') : "name",
            Descending = sort.StartsWith('-'),
        };
    }

    /// <summary>For the address; what is usual is left out.</summary>
    public IReadOnlyDictionary<string, object?> Write() => new Dictionary<string, object?>(StringComparer.Ordinal)
    {
        ["q"] = Some(Text),
        ["state"] = Some(State),
        ["host"] = Some(Host),
        ["image"] = Some(Image),
        ["label"] = Some(Label),
        ["group"] = Some(Group),
        ["sort"] = Descending ? $"-{Sort}" : Sort == "name" ? null : Sort,
    };

    /// <summary>By that column; by the same once more: the other way round.</summary>
    public ContainerQuery By(string column) => this with { Sort = column, Descending = Sort == column && !Descending };

    /// <summary>Whether a container is shown, whatever its state.</summary>
    public Func<ContainerView, bool> Filter()
    {
        var words = Text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var (key, value) = Label.Split('=', 2) is [var k, var v] ? (k, v) : (Label, null);
        return view =>
            (Host.Length == 0 || view.HostId == Host)
            && (Image.Length == 0 || view.Image == Image)
            && (key.Length == 0 || view.Labels.Any(l => l.Key == key && (value is null || l.Value == value)))
            && Array.TrueForAll(words, w => Matches(view, w));
    }

    private static string? Some(string text) => text.Length == 0 ? null : text;

    private static bool Matches(ContainerView view, string word)
    {
        if (Has(view.Name, word) || Has(view.Image, word) || Has(view.Status.Word, word) || Has(view.Status.Name, word) || Has(view.DockerId, word) || Has(view.Address, word) || view.Id == word)
        {
            return true;
        }

        foreach (var (key, value) in view.Labels)
        {
            if (Has(key, word) || Has(value, word) || (word.Contains('=', StringComparison.Ordinal) && Has($"{key}={value}", word)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Has(string? text, string word) => text?.Contains(word, StringComparison.OrdinalIgnoreCase) == true;
}
