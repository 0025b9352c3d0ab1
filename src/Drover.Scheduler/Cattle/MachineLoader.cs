using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Api.Machines;
using Drover.Scheduler.Artifacts;
using Drover.Scheduler.Requests;

namespace Drover.Scheduler.Cattle;

/// <summary>Reads everything that a launch needs: the machine, a registration token for it, its image and the programs.</summary>
internal sealed class MachineLoader(CattleClient client, ArtifactCatalog catalog, RegistrationTokens tokens, TimeProvider time)
{
    public const string Driver = "mesos";

    /// <summary>Whether a machine is ours: its driver says so, or its kind of configuration.</summary>
    public static bool IsOurs(CattleResource machine) =>
        machine.Text("driver") is { Length: > 0 } driver ? driver == Driver : machine.Json["mesosConfig"] is JsonObject;

    /// <summary>States in which a machine is wanted but not there yet.</summary>
    public static bool IsComing(string? state) => state is "requested" or "creating" or "created" or "bootstrapping" or "resizing" or "resizing-stopped";

    /// <summary>States in which nothing of a machine may be left.</summary>
    public static bool IsGone(string? state) => state is null or "removing" or "removed" or "purging" or "purged";

    /// <param name="request">What is known of it; null when nothing is yet.</param>
    public async Task<MachineLoad> LoadAsync(string machineId, MachineRequest? request, CancellationToken cancellationToken)
    {
        try
        {
            if (request is { Discard: true })
            {
                return new MachineLoad.Discarding(new Preparation { RegistrationUrl = "", Image = Unknown(""), Programs = await catalog.ProgramsAsync(), At = time.GetUtcNow() });
            }

            return await client.GetAsync("machines", machineId, cancellationToken) switch
            {
                null => new MachineLoad.NotWanted("there is no such machine"),
                var machine when !IsOurs(machine) => new MachineLoad.NotWanted($"its driver is {machine.Text("driver") ?? "another"}"),
                var machine when !IsComing(machine.State) => new MachineLoad.NotWanted($"it is {machine.State}"),
                var machine => await PrepareAsync(machine, request?.Kept is not null, cancellationToken),
            };
        }
        catch (ArtifactException e)
        {
            return new MachineLoad.Invalid(e.Message);
        }
        catch (CattleException e) when (Retry.MayHelp(e))
        {
            return new MachineLoad.Unavailable(e.Message);
        }
        catch (CattleException e)
        {
            return new MachineLoad.Invalid($"The server refused: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new MachineLoad.Unavailable(e.Message);
        }
    }

    private async Task<MachineLoad> PrepareAsync(CattleResource machine, bool kept, CancellationToken cancellationToken)
    {
        if (machine.Text("externalId") is not { Length: > 0 } externalId || machine.AccountId is not { Length: > 0 } environmentId)
        {
            return new MachineLoad.Unavailable("The machine has no external id yet.");
        }

        if (!IsTaskName(externalId))
        {
            return new MachineLoad.Invalid($"externalId: '{externalId}' cannot name a task.");
        }

        if (MachineSpecReader.Read(machine, out var problems) is not { } spec)
        {
            return new MachineLoad.Invalid(string.Join(' ', problems));
        }

        var image = await ImageAsync(spec.Image, kept);
        var programs = await catalog.ProgramsAsync();
        var url = await tokens.UrlForAsync(machine, cancellationToken);
        return new MachineLoad.Ready(externalId, environmentId, machine.Name ?? machine.Id, spec, new Preparation
        {
            RegistrationUrl = url,
            Image = image,
            Programs = programs,
            At = time.GetUtcNow(),
        });
    }

    /// <summary>A machine that has its disks has its image with them, also when nobody else has it any more.</summary>
    private async Task<GuestImage> ImageAsync(string name, bool kept)
    {
        try
        {
            return await catalog.ImageAsync(name);
        }
        catch (ArtifactException) when (kept)
        {
            return Unknown(name);
        }
    }

    private static GuestImage Unknown(string name) => new() { Name = name, Digest = "", Files = [] };

    /// <summary>Mesos makes folders of task ids.</summary>
    private static bool IsTaskName(string text) =>
        text.Length <= 200 && text is not ("." or "..") && text.All(c => !char.IsControl(c) && c is not ('/' or '\\'));
}
