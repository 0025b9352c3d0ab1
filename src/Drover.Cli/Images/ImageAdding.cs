using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;

namespace Drover.Cli.Images;

/// <summary>Asks a server for a new image and follows it until it is there, has failed, or waits for a person.</summary>
/// <param name="api">The API outside any environment, with a client that has no time limit.</param>
internal sealed class ImageAdding(CattleClient api, TimeProvider time)
{
    public const string Type = "hostImages";

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(500);

    /// <summary>Announces the image and, for a file, sends it. Returns it as it is then.</summary>
    public async Task<CattleResource> AskAsync(string name, ImageSource source, string? sha256, string? boot, Action<string> note, CancellationToken cancellationToken)
    {
        var body = new JsonObject { ["name"] = name };
        if (boot is not null)
        {
            body["boot"] = boot;
        }

        if (source is ImageSource.LocalFile { File: var file })
        {
            note($"computing the SHA-256 of {file.Name}");
            var found = await DigestAsync(file, cancellationToken);
            if (sha256 is not null && !string.Equals(sha256, found, StringComparison.OrdinalIgnoreCase))
            {
                throw new CliFailure(ExitCode.Refused, $"{file.Name} has the SHA-256 {found} instead of {sha256}; nothing was sent.");
            }

            // What arrives is compared with it: this machine's file is what was meant.
            (body["sha256"], body["source"]) = (found, file.Name);
            await api.CreateAsync(Type, body, cancellationToken);
            note($"sending {file.Name}");
            return await SendAsync(name, file, cancellationToken);
        }

        body["url"] = ((ImageSource.Address)source).Url;
        if (sha256 is not null)
        {
            body["sha256"] = sha256;
        }

        return await api.CreateAsync(Type, body, cancellationToken);
    }

    /// <summary>Waits until nothing moves any more.</summary>
    public async Task<CattleResource> FollowAsync(string name, Action<string> note, CancellationToken cancellationToken)
    {
        while (true)
        {
            var image = await api.GetAsync(Type, name, cancellationToken)
                ?? throw new CliFailure(ExitCode.Failed, $"The image '{name}' was removed while it was added.");
            if (image.State is not ("fetching" or "checking" or "publishing"))
            {
                return image;
            }

            if (image.TransitioningMessage is { Length: > 0 } message)
            {
                note(message);
            }

            await Task.Delay(LookAgain, time, cancellationToken);
        }
    }

    public Task<CattleResource> ConfirmAsync(string name, CancellationToken cancellationToken) => api.ActionAsync(Type, name, "confirm", null, cancellationToken);

    private static async Task<string> DigestAsync(FileInfo file, CancellationToken cancellationToken)
    {
        await using var stream = file.OpenRead();
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
    }

    /// <summary>An image whose file did not arrive is taken back: it would wait for ever.</summary>
    private async Task<CattleResource> SendAsync(string name, FileInfo file, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = file.OpenRead();
            return new CattleResource(await api.SendFileAsync($"{Type}/{name}/file", stream, cancellationToken));
        }
        catch (Exception e) when (e is CattleException or IOException or OperationCanceledException)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5), time);
            try
            {
                await api.DeleteAsync(Type, name, patience.Token);
            }
            catch (Exception late) when (late is CattleException or OperationCanceledException)
            {
                // The first failure is the one to tell.
            }

            throw;
        }
    }
}
