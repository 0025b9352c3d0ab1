using Microsoft.JSInterop;

namespace Drover.Web.Live;

/// <summary>A script of a part that few pages need, and the one thing that it holds open in the browser: a console, a log, curves.</summary>
internal sealed class PageScript(Browser browser, string name) : IAsyncDisposable
{
    private IJSObjectReference? _module;
    private IJSObjectReference? _open;

    /// <summary>Opens the thing by a function of the script; what was open before must be closed.</summary>
    /// <returns>Null, or a sentence why the browser cannot.</returns>
    public async Task<string?> OpenAsync(string function, CancellationToken cancellationToken, params object?[] arguments)
    {
        try
        {
            _module ??= await browser.ImportAsync($"./_content/Drover.Web/lib/{name}.js", cancellationToken);
            _open = await _module.InvokeAsync<IJSObjectReference>(function, cancellationToken, arguments);
            return null;
        }
        catch (JSException e)
        {
            return $"The browser cannot show it: {e.Message}";
        }
        catch (Exception e) when (e is JSDisconnectedException or OperationCanceledException or ObjectDisposedException)
        {
            // The page is gone.
            return null;
        }
    }

    public Task TellAsync(string function) => _open is { } open ? TellAsync(open, function) : Task.CompletedTask;

    public async Task CloseAsync()
    {
        if (_open is { } open)
        {
            _open = null;
            await TellAsync(open, "dispose");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        try
        {
            if (_module is not null)
            {
                await _module.DisposeAsync();
            }
        }
        catch (Exception e) when (e is JSDisconnectedException or OperationCanceledException)
        {
            // The browser has gone, and its sockets with it.
        }
    }

    private static async Task TellAsync(IJSObjectReference open, string function)
    {
        try
        {
            await open.InvokeVoidAsync(function);
        }
        catch (Exception e) when (e is JSDisconnectedException or JSException or OperationCanceledException)
        {
            // The browser has gone.
        }
    }
}
