using System.Globalization;
using System.Text.Json.Nodes;
using Docker.DotNet.Models;

namespace Drover.Server.Containers.Orders;

/// <summary>How far the pull of an image is, layer by layer, from Docker's messages.</summary>
internal sealed class PullProgress(string image)
{
    private const string Downloading = "Downloading";
    private static readonly HashSet<string> s_there = new(StringComparer.Ordinal) { "Pull complete", "Already exists" };
    private static readonly HashSet<string> s_fetched = new(StringComparer.Ordinal) { "Download complete", "Verifying Checksum", "Extracting" };

    private readonly Dictionary<string, Layer> _layers = new(StringComparer.Ordinal);
    private readonly List<string> _order = [];

    /// <summary>Docker's reason, where it gave up.</summary>
    public string? Failure { get; private set; }

    /// <summary>A sentence: <c>Pulling nginx:1.27: 3 of 7 layers, 12 MiB of 40 MiB</c>.</summary>
    public string Sentence => _order.Count == 0
        ? $"Pulling {image}"
        : $"Pulling {image}: {_layers.Values.Count(layer => s_there.Contains(layer.Status))} of {_order.Count} layers{(Total > 0 ? $", {Megabytes(Current)} of {Megabytes(Total)}" : "")}";

    /// <summary>0 to 100 of what is known to be fetched; null while nothing is.</summary>
    public int? Percent => Total > 0 ? (int)(100 * Current / Total) : null;

    private long Current => _layers.Values.Sum(layer => layer.Current);

    private long Total => _layers.Values.Sum(layer => layer.Total);

    public void Heard(JSONMessage message)
    {
        if (message.Error?.Message is { Length: > 0 } failure)
        {
            Failure = failure;
        }
        else if (message.ID is { Length: > 0 } id && message.Status is { } status && !status.StartsWith("Pulling from", StringComparison.Ordinal))
        {
            if (!_layers.TryGetValue(id, out var before))
            {
                _order.Add(id);
            }

            _layers[id] = Next(before, status, message.Progress);
        }
    }

    public JsonObject ToJson() => new()
    {
        ["current"] = Current,
        ["total"] = Total,
        ["layers"] = new JsonArray([.. _order.Select(id => (JsonNode)new JsonObject { ["id"] = id, ["status"] = _layers[id].Status, ["current"] = _layers[id].Current, ["total"] = _layers[id].Total })]),
    };

    /// <summary>Sizes are told while a layer comes; unpacking counts another way, and says nothing about what was fetched.</summary>
    private static Layer Next(Layer before, string status, JSONProgress? progress) =>
        status == Downloading && progress is { Current: { } current, Total: > 0 and { } total } ? new Layer(status, current, total)
        : s_fetched.Contains(status) || s_there.Contains(status) ? new Layer(status, before.Total, before.Total)
        : before with { Status = status };

    /// <summary>Decimal, as Docker's own client.</summary>
    private static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB");

    private readonly record struct Layer(string Status, long Current, long Total);
}
