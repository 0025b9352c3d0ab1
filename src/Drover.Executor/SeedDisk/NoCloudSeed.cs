using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Drover.Api.Agents;
using Drover.Api.Machines;

namespace Drover.Executor.SeedDisk;

/// <summary>What cloud-init in a foreign image is told: the files of its NoCloud data source, by name.</summary>
/// <remarks>The person's user data stays what it is, byte for byte, under its own name. Ours is vendor data, which cloud-init keeps apart and runs
/// beside it, so nothing has to be merged and nothing of either can overwrite the other. Ours is a script for the same reason: lists of two
/// cloud-configs replace each other. No secret is in it: the guest gets its registration over the agent's port.</remarks>
internal static class NoCloudSeed
{
    private const string NoUserData = "#cloud-config\n{}\n";

    private static readonly Lazy<string> Setup = new(ReadSetup);

    /// <param name="identity">Host name and network as the guest is to have them, addresses as it reaches them.</param>
    /// <param name="agentUrl">Where the guest gets the agent.</param>
    internal static IReadOnlyDictionary<string, string> Files(MachineTask task, GuestIdentity identity, string agentUrl) => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["meta-data"] = Json(new JsonObject { ["instance-id"] = task.ExternalId, ["local-hostname"] = identity.Hostname }),
        ["network-config"] = Json(NetworkConfig(identity)),
        ["user-data"] = task.UserData is { Length: > 0 } own ? own : NoUserData,
        ["vendor-data"] = $"#!/bin/sh\nurl={Quote(agentUrl)}\nsha256={Quote(task.Image.Agent!.Sha256)}\n{Setup.Value}",
    };

    /// <summary>Version 2 of cloud-init's format. Cards are named by their addresses, because their names are the distribution's affair.</summary>
    private static JsonObject NetworkConfig(GuestIdentity identity)
    {
        var cards = new JsonObject { ["drover0"] = Card(identity.Mac!, identity.Address) };
        if (identity.Address is not null)
        {
            var first = cards["drover0"]!.AsObject();
            first["nameservers"] = new JsonObject { ["addresses"] = new JsonArray([.. identity.NameServers.Select(server => (JsonNode)server)]) };
            if (identity.Gateway is { } gateway)
            {
                first["routes"] = new JsonArray(new JsonObject { ["to"] = "0.0.0.0/0", ["via"] = gateway });
            }
        }

        foreach (var (index, card) in identity.Cards.Index())
        {
            cards[string.Create(CultureInfo.InvariantCulture, $"drover{index + 1}")] = Card(card.Mac, card.Address);
        }

        return new JsonObject { ["version"] = 2, ["ethernets"] = cards };
    }

    private static JsonObject Card(string mac, string? address)
    {
        var card = new JsonObject { ["match"] = new JsonObject { ["macaddress"] = mac } };
        if (address is null)
        {
            card["dhcp4"] = true;
        }
        else
        {
            card["addresses"] = new JsonArray(address);
        }

        return card;
    }

    /// <summary>JSON is YAML, and needs no rules of our own for quoting.</summary>
    private static string Json(JsonObject value) => value.ToJsonString() + "\n";

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static string ReadSetup()
    {
        using var stream = typeof(NoCloudSeed).Assembly.GetManifestResourceStream("setup.sh")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
