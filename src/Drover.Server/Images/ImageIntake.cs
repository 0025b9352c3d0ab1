using System.Text.Json;
using Drover.Api.Machines;

namespace Drover.Server.Images;

/// <summary>Takes one image from its request to its place, step by step; every step is stored before the next, and can run twice.</summary>
internal sealed class ImageIntake(ImageShelf shelf, ImageFetch fetch)
{
    private const string DiskName = "disk.qcow2";

    /// <summary>Goes on until the image is there, has failed, or waits for a person.</summary>
    public async Task RunAsync(string name, CancellationToken cancellationToken)
    {
        while (shelf.ReadRequest(name) is { } request && ImageLifecycle.IsMoving(request.State) && !(request is { State: ImageState.Fetching, Url: null }))
        {
            try
            {
                await StepAsync(request, cancellationToken);
            }
            catch (Exception e) when (e is ImageException || (e is IOException or UnauthorizedAccessException && shelf.ReadRequest(name) is not null))
            {
                var problem = e is IOException io && ImageException.IsFull(io) ? ImageException.Full(shelf.Root!, io).Message : e.Message;
                Move(shelf.ReadRequest(name)!, ImageEvent.Failed, changed => changed with { Problem = problem });
            }
        }
    }

    /// <summary>A client's file is whole.</summary>
    public void Received(ImageRequest request) => Move(request, ImageEvent.Fetched);

    /// <summary>A person says that the digest that was found is the right one.</summary>
    public void Confirm(ImageRequest request) => Move(request, ImageEvent.Confirmed, changed => changed with { Sha256 = changed.Found });

    /// <summary>Begins again; what was fetched is continued where the source allows it.</summary>
    public void Retry(ImageRequest request)
    {
        if (Directory.Exists(shelf.FreshOf(request.Name)))
        {
            Directory.Delete(shelf.FreshOf(request.Name), recursive: true);
        }

        Move(request, ImageEvent.Retried, changed => changed with { Problem = null, Found = null });
    }

    private async Task StepAsync(ImageRequest request, CancellationToken cancellationToken)
    {
        switch (request.State)
        {
            case ImageState.Fetching:
                Directory.CreateDirectory(shelf.AddFolderOf(request.Name));
                Move(await fetch.RunAsync(request, cancellationToken), ImageEvent.Fetched);
                break;
            case ImageState.Checking:
                await CheckAsync(request, cancellationToken);
                break;
            case ImageState.Publishing:
                await PublishAsync(request, cancellationToken);
                break;
        }
    }

    private async Task CheckAsync(ImageRequest request, CancellationToken cancellationToken)
    {
        var content = shelf.ContentOf(request.Name);
        if (ImageShelf.DiskOf(content).Refusal is { } why)
        {
            File.Delete(content);
            throw new ImageException($"The file cannot be used: {why}.");
        }

        var found = await ImageShelf.DigestAsync(content, cancellationToken);
        if (request.Sha256 is { } expected && expected != found)
        {
            File.Delete(content);
            throw new ImageException($"The file has the SHA-256 {found} instead of {expected}.");
        }

        Move(request, request.Sha256 is null ? ImageEvent.NeedsConfirmation : ImageEvent.Accepted, changed => changed with { Found = found });
    }

    /// <summary>content → image/disk.qcow2 → image/manifest.json → NAME/ → the request goes. Each is looked for before it is made.</summary>
    private async Task PublishAsync(ImageRequest request, CancellationToken cancellationToken)
    {
        var (content, fresh) = (shelf.ContentOf(request.Name), shelf.FreshOf(request.Name));
        var disk = Path.Combine(fresh, DiskName);
        if (!IsOurs(request))
        {
            Directory.CreateDirectory(fresh);
            if (!File.Exists(disk))
            {
                await BringAsync(content, disk, cancellationToken);
                shelf.Reached("disk");
            }

            var file = new ImageFile { Role = "disk", Name = DiskName, Sha256 = await ImageShelf.DigestAsync(disk, cancellationToken), Size = new FileInfo(disk).Length };
            var manifest = new ImageManifest { Name = request.Name, Inputs = request.Found!, Created = request.Created, Files = [file], Kind = request.Kind, Source = request.Source };
            await File.WriteAllBytesAsync(Path.Combine(fresh, ImageFolder.Manifest), JsonSerializer.SerializeToUtf8Bytes(manifest, MachineJson.Default.ImageManifest), cancellationToken);
            shelf.Reached("manifest");
            if (Directory.Exists(shelf.FolderOf(request.Name)))
            {
                throw new ImageException($"There is another image '{request.Name}' by now. Remove one of them.");
            }

            Directory.Move(fresh, shelf.FolderOf(request.Name));
            shelf.Reached("place");
        }

        Directory.Delete(shelf.AddFolderOf(request.Name), recursive: true);
    }

    private static async Task BringAsync(string content, string disk, CancellationToken cancellationToken)
    {
        if (ImageShelf.DiskOf(content).Name == DiskFormat.Raw)
        {
            // A second one may be written before the first is removed; most of a raw disk is nothing.
            ImageException.RequireSpace(Path.GetDirectoryName(disk)!, 0);
            await RawConversion.RunAsync(content, disk + ".new", cancellationToken);
            File.Move(disk + ".new", disk, overwrite: true);
            File.Delete(content);
        }
        else
        {
            File.Move(content, disk);
        }

        // Whatever our umask: the scheduler's process may be another user's.
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(disk, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }
    }

    /// <summary>The image that stands there came of this request, whose end a killed server did not see.</summary>
    private bool IsOurs(ImageRequest request) =>
        shelf.Find(request.Name)?.Manifest is { } there && there.Inputs == request.Found && there.Created == request.Created;

    private void Move(ImageRequest request, ImageEvent happened, Func<ImageRequest, ImageRequest>? also = null)
    {
        var next = ImageLifecycle.Next(request.State, happened) ?? throw new ImageException($"The image '{request.Name}' is {request.State}; this is not possible now.");
        var moved = request with { State = next };
        shelf.WriteRequest(also?.Invoke(moved) ?? moved);
    }
}
