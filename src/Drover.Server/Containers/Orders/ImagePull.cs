using Docker.DotNet.Models;
using Drover.Server.Registries;

namespace Drover.Server.Containers.Orders;

/// <summary>Pulls an image to one host, with the login that its environment has at the registry.</summary>
internal sealed class ImagePull(HostDocker docker, RegistryLogins logins)
{
    /// <param name="heard">Called, in order, with each change.</param>
    /// <returns>Docker's reason where it gave up; null when the image is there.</returns>
    public async Task<string?> RunAsync(long? accountId, ImageReference image, Action<PullProgress> heard, CancellationToken cancellationToken)
    {
        var progress = new PullProgress(image.ToString());
        heard(progress);
        var login = await logins.FindAsync(accountId, image.Registry, cancellationToken);
        await docker.Client.Images.CreateImageAsync(
            new ImagesCreateParameters { FromImage = image.Name, Tag = image.Version },
            login is null ? null : new AuthConfig { Username = login.User, Password = login.Secret, ServerAddress = login.Server },
            new Listener(message =>
            {
                progress.Heard(message);
                heard(progress);
            }),
            cancellationToken);
        return progress.Failure;
    }

    /// <summary>In the order of the messages; the framework's own class hands them to other threads.</summary>
    private sealed class Listener(Action<JSONMessage> heard) : IProgress<JSONMessage>
    {
        public void Report(JSONMessage value) => heard(value);
    }
}
