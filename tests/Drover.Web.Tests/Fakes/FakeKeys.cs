using System.Text.Json.Nodes;

namespace Drover.Web.Tests.Fakes;

/// <summary>The API keys of a <see cref="FakeCattle"/>: their secrets are told once.</summary>
public sealed class FakeKeys(FakeCattle cattle)
{
    public const string Secret = "secret-that-is-shown-once";

    private int _next;

    public JsonObject Put(string id, string name, string state)
    {
        var actions = state switch { "active" => new JsonObject { ["deactivate"] = "x" }, "inactive" => new JsonObject { ["activate"] = "x", ["remove"] = "x" }, _ => [] };
        var key = new JsonObject { ["id"] = id, ["type"] = "apiKey", ["name"] = name, ["state"] = state, ["publicValue"] = $"ACCESS{id}", ["created"] = Some.Wire(Some.Now.AddDays(-1)), ["actions"] = actions };
        cattle.PutSilently(key);
        return (JsonObject)key.DeepClone();
    }

    internal IResult Create(JsonObject body) =>
        FakeCattle.Json(Some.With(Put($"1c{++_next}", (string?)body["name"] ?? "", "active"), ("secretValue", Secret)), 201);

    internal IResult Act(string id, string action)
    {
        if (cattle.Find(id) is not { } key || (key["actions"] as JsonObject)?.ContainsKey(action) != true)
        {
            return FakeCattle.Error(422, "ActionNotAvailable", $"'{action}' is not possible in this state.");
        }

        return FakeCattle.Json(Put(id, (string)key["name"]!, action switch { "activate" => "active", "deactivate" => "inactive", _ => "removed" }), 202);
    }
}
