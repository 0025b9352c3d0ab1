using System.Text.Json.Nodes;

namespace Drover.Scheduler.Tests.Fakes;

/// <summary>A machine as the fake server keeps it.</summary>
internal sealed class FakeMachine(string id)
{
    public string Id { get; } = id;

    public volatile string State = "creating";

    public string Driver { get; init; } = "mesos";

    public string ExternalId => $"uuid-{Id}";

    public JsonObject Config { get; init; } = [];

    public string? Message { get; set; }

    public (string EventId, string ReplyTo)? Waiting { get; set; }

    public JsonObject Fields { get; } = [];

    public JsonObject ToJson() => new()
    {
        ["id"] = Id, ["type"] = "machine", ["name"] = $"web-{Id}", ["state"] = State, ["accountId"] = "1a5", ["externalId"] = ExternalId, ["driver"] = Driver,
        ["mesosConfig"] = Config.DeepClone(), ["labels"] = new JsonObject { ["tier"] = "web" },
    };

    /// <summary>What the server does with a reply, by the machine's state.</summary>
    public void Reply(JsonObject body)
    {
        Message = (string?)body["transitioningMessage"] ?? Message;
        if (body["data"]?["+data"]?["+fields"] is JsonObject fields)
        {
            foreach (var (name, value) in fields)
            {
                Fields[name] = value?.DeepClone();
            }
        }

        var kind = (string?)body["transitioning"];
        if (kind == "yes")
        {
            return;
        }

        Waiting = null;
        State = kind == "error" ? "error" : State switch { "creating" => "bootstrapping", "bootstrapping" => "active", "removing" => "removed", var other => other };
    }
}
