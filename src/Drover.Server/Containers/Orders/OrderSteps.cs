using System.Net;
using Docker.DotNet;
using Docker.DotNet.Models;
using Drover.Server.Registries;
using Drover.Server.Storage;

namespace Drover.Server.Containers.Orders;

/// <summary>Makes one container at one host's Docker: image, container, start. Each step finds out first whether it was done, so that all of them may run again after a crash.</summary>
internal sealed class OrderSteps(HostDocker docker, RegistryLogins logins, ContainerBoard board)
{
    /// <param name="show">Called with each change of what there is to see.</param>
    /// <exception cref="OrderFailure">It cannot be made.</exception>
    /// <exception cref="HttpRequestException">The link to the host broke; the order is to be run again.</exception>
    public async Task RunAsync(ContainerOrderRow order, Action<ContainerRow> show, CancellationToken cancellationToken)
    {
        var row = ContainerRow.Of(order);
        try
        {
            if (await FindAsync(order, cancellationToken) is null)
            {
                await ImageAsync(order, row, show, cancellationToken);
                show(row.At("creating", "Creating"));
                await docker.Client.Containers.CreateContainerAsync(DockerParameters.Of(order.Spec, order.Name, order.Uuid), cancellationToken);
            }

            if (DockerParameters.Flag(order.Spec, "startOnCreate") && await FindAsync(order, cancellationToken) is { } made)
            {
                show(row.At("starting", "Starting"));
                await docker.Client.Containers.StartContainerAsync(made.ID, new ContainerStartParameters(), cancellationToken);
            }

            // As it is now, and not as the next event will tell.
            if (await FindAsync(order, cancellationToken) is { } there)
            {
                board.Put(order.HostId, [ContainerRow.Of(there, order.HostId, order.AccountId)]);
            }
        }
        catch (DockerApiException e)
        {
            throw new OrderFailure(DockerFault.Sentence(e));
        }
    }

    /// <summary>Removes what an order has made so far.</summary>
    public async Task UndoAsync(ContainerOrderRow order, CancellationToken cancellationToken)
    {
        if (await FindAsync(order, cancellationToken) is { } made)
        {
            await docker.Client.Containers.RemoveContainerAsync(made.ID, new ContainerRemoveParameters { Force = true, RemoveVolumes = true }, cancellationToken);
            board.Remove(order.HostId, made.ID);
        }
    }

    private async Task<ContainerListResponse?> FindAsync(ContainerOrderRow order, CancellationToken cancellationToken)
    {
        var label = new Dictionary<string, IDictionary<string, bool>>(StringComparer.Ordinal) { ["label"] = new Dictionary<string, bool>(StringComparer.Ordinal) { [$"{ContainerLabels.Uuid}={order.Uuid}"] = true } };
        var found = await docker.Client.Containers.ListContainersAsync(new ContainersListParameters { All = true, Filters = label }, cancellationToken);
        return found.MinBy(container => container.Created); // others are made from its image
    }

    private async Task ImageAsync(ContainerOrderRow order, ContainerRow row, Action<ContainerRow> show, CancellationToken cancellationToken)
    {
        var image = ContainerFields.ImageOf(order.Spec);
        var policy = (string?)order.Spec["pullPolicy"];
        if (policy == "never" || (policy != "always" && await HasAsync(image, cancellationToken)))
        {
            return;
        }

        void Shown(PullProgress progress) => show(row.At("creating", progress.Sentence, progress.Percent, progress.ToJson()));
        if (await new ImagePull(docker, logins).RunAsync(order.AccountId, image, Shown, cancellationToken) is { } failure)
        {
            throw new OrderFailure(failure);
        }
    }

    private async Task<bool> HasAsync(ImageReference image, CancellationToken cancellationToken)
    {
        try
        {
            await docker.Client.Images.InspectImageAsync(image.ToString(), cancellationToken);
            return true;
        }
        catch (DockerApiException e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            return false;
        }
    }
}
