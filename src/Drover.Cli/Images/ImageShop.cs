using System.CommandLine;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Cli.Commands;
using Drover.Cli.Connection;
using Drover.Cli.Local;

namespace Drover.Cli.Images;

/// <summary>Where a command finds images: on the chosen server, or in this checkout's folder while no server is chosen.</summary>
internal sealed class ImageShop : IDisposable
{
    private readonly Server? _server;
    private readonly HttpClient? _http;
    private readonly CliContext _context;

    private ImageShop(Server? server, HttpClient? http, CliContext context)
    {
        (_server, _http, _context) = (server, http, context);
        Api = server is null ? null : new CattleClient(http!, server.Api.Root, server.Api.Authorization);
    }

    /// <summary>The server's API outside any environment, without a time limit; null without a server.</summary>
    public CattleClient? Api { get; }

    /// <exception cref="CliFailure">No server can be chosen, and the command cannot do without.</exception>
    public static ImageShop Open(CliContext context, SharedOptions shared, ParseResult parsed, bool orLocal)
    {
        try
        {
            var server = shared.Choose(context, parsed);
            var http = context.Http(server.Choice.Url);
            // Files of gigabytes are sent, and digests of them computed, within one request.
            http.Timeout = Timeout.InfiniteTimeSpan;
            return new ImageShop(server, http, context);
        }
        catch (CliFailure e) when (orLocal && e.ExitCode == ExitCode.Unreachable)
        {
            return new ImageShop(null, null, context);
        }
    }

    public async Task<IReadOnlyList<JsonObject>> ListAsync(CancellationToken cancellationToken) => Api is null
        ? Local().List()
        : [.. (await Api.ListAsync(ImageAdding.Type, cancellationToken)).Select(ImageListing.ToJson)];

    /// <exception cref="CliFailure">There is none of that name.</exception>
    public async Task<CattleResource> FindAsync(string name, CancellationToken cancellationToken) =>
        GuestImages.IsName(name) && await Api!.GetAsync(ImageAdding.Type, name, cancellationToken) is { } image
            ? image
            : throw new CliFailure(ExitCode.NotFound, $"There is no image '{name}'.", await KnownAsync(cancellationToken));

    public async Task RemoveAsync(string name, bool force, CancellationToken cancellationToken)
    {
        if (Api is null)
        {
            Local().Remove(name);
            return;
        }

        await FindAsync(name, cancellationToken);
        await Api.SendAsync(HttpMethod.Delete, $"{ImageAdding.Type}/{name}{(force ? "?force=true" : "")}", null, cancellationToken);
    }

    public void Dispose()
    {
        _http?.Dispose();
        _server?.Dispose();
    }

    private GuestImages Local() => new(Checkout.Find(_context), _context.ProgramFolder);

    private async Task<string> KnownAsync(CancellationToken cancellationToken) =>
        await ListAsync(cancellationToken) is { Count: > 0 } all ? $"There are: {string.Join(", ", all.Select(image => (string?)image["name"]))}." : "There is none at all.";
}
