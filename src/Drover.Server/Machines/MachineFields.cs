using System.Text.Json.Nodes;
using Drover.Server.Api;
using Drover.Server.Api.Registry;
using Drover.Server.Storage;

namespace Drover.Server.Machines;

/// <summary>The fields of a machine: Cattle's, and what the scheduler tells about its making.</summary>
internal static class MachineFields
{
    public static void AddTo(ResourceType type)
    {
        Column(type, "externalId", r => r.ExternalId).Filter(nameof(MachineRow.ExternalId));
        Column(type, "driver", r => r.Driver).Filter(nameof(MachineRow.Driver));
        Bag(type, MesosConfig.Name, MesosConfig.Name).Creatable();
        Bag(type, "labels", "map[string]").Creatable().Updatable();
        MachineKeeping.AddTo(type);
        type.Add(new Field
        {
            Name = "hostId",
            Type = "reference[host]",
            Get = (r, c) => ((MachineRow)r).HostId is { } id ? c.PlainIds ? id : Ids.Format("h", id) : null,
        });
        Bag(type, "stages", "array[json]").Says("What was done when, from the queue to the registered host.");
        Bag(type, "accelerator", "string").Says("kvm, tcg or simulated.");
        Bag(type, "acceleratorReason", "string");
        Bag(type, "network", "string").Says("user, nat or bridge:NAME, once chosen.");
        Bag(type, "networkReason", "string").Says("Why that network, and what it changed on its computer.");
        Bag(type, "networkAddress", "string").Says("Where others of that network reach it.");
        Bag(type, "ports", "array[string]").Says("Ports of its computer's loopback that lead into it, such as 8080:80.");
        Bag(type, "way", "string").Says("How it came up: warm, template, cold or cloud-image.");
        Bag(type, "wayReason", "string").Says("Why that way and no faster one.");
        Bag(type, "failure", "json").Says("stage, cause and the last console lines.");
        Bag(type, "placement", "json").Says("Where it runs: agentId, hostname.");
        Bag(type, "waiting", "json").Says("Why it waits: reason, suggestion, ahead.");
        Bag(type, MachineClone.CopyOf, "string").Says("The machine whose disk it started with, when it is a clone.");
        Bag(type, "readySeconds", "float").Says("From the request to active.");
        Bag(type, "snapshots", "array[json]").Says("Its disk's snapshots, oldest first: name, created, bytes.");
        Bag(type, "check", "json").Says("The last check that succeeded: a container was run to its end. at, seconds, containerId, engineId.");
        Bag(type, "limits", "json").Says("What limits its disks and its network now: diskOperations, diskBytes and networkBytes per second.");
        Bag(type, "extractedConfig", "string").Updatable().ReadBy(Roles.Service).WrittenBy(Roles.Service).Length(0, 512 * 1024);
        Bag(type, "authCertificateAuthority", "string").Creatable().Length(0, 8192);
        Bag(type, "authKey", "string").Creatable().ReadBy(Roles.Service).Length(0, 8192);
        Bag(type, "dockerVersion", "string").Creatable().Length(0, 255);
        foreach (var map in new[] { "engineEnv", "engineLabel", "engineOpt" })
        {
            Bag(type, map, "map[string]").Creatable();
        }

        foreach (var list in new[] { "engineInsecureRegistry", "engineRegistryMirror" })
        {
            Bag(type, list, "array[string]").Creatable();
        }

        Bag(type, "engineInstallUrl", "string").Creatable().Length(0, 2048);
        Bag(type, "engineStorageDriver", "string").Creatable().Length(0, 255);
    }

    private static Field Column(ResourceType type, string name, Func<MachineRow, string?> get) =>
        type.Add(new Field { Name = name, Type = "string", Get = (r, _) => get((MachineRow)r) });

    private static Field Bag(ResourceType type, string name, string kind) => type.Add(new Field
    {
        Name = name,
        Type = kind,
        Get = (r, _) => ((ResourceRow)r).Fields[name]?.DeepClone(),
        Set = (r, v) => Set(r, name, v),
    });

    private static void Set(ResourceRow row, string name, JsonNode? value)
    {
        // A fresh map, so that the change is seen.
        var fields = (JsonObject)row.Fields.DeepClone();
        fields[name] = value?.DeepClone();
        row.Fields = fields;
    }
}
