using Microsoft.JSInterop;

namespace Drover.Web.Live;

/// <summary>The page's own small script, <c>wwwroot/drover.js</c>. Every call is harmless when the browser has gone.</summary>
internal sealed class Browser(IJSRuntime js) : IAsyncDisposable
{
    private Task<IJSObjectReference>? _module;

    public async ValueTask CallAsync(string function, params object?[] arguments)
    {
        try
        {
            await (await ModuleAsync()).InvokeVoidAsync(function, arguments);
        }
        catch (Exception e) when (e is JSDisconnectedException or JSException or OperationCanceledException or ObjectDisposedException)
        {
            // A page that is gone, or a browser that refuses (clipboard): nothing here is more than comfort.
        }
    }

    /// <summary>The function's answer, or the type's default when the browser did not give one.</summary>
    public async ValueTask<T?> AskAsync<T>(string function, params object?[] arguments)
    {
        try
        {
            return await (await ModuleAsync()).InvokeAsync<T>(function, arguments);
        }
        catch (Exception e) when (e is JSDisconnectedException or JSException or OperationCanceledException or ObjectDisposedException)
        {
            return default;
        }
    }

    /// <summary>A script of a part that few pages need.</summary>
    /// <exception cref="JSException">The browser cannot load it.</exception>
    public async Task<IJSObjectReference> ImportAsync(string path, CancellationToken cancellationToken) => await js.InvokeAsync<IJSObjectReference>("import", cancellationToken, path);

    public async ValueTask DisposeAsync()
    {
        if (_module is { IsCompletedSuccessfully: true })
        {
            try
            {
                await (await _module).DisposeAsync();
            }
            catch (Exception e) when (e is JSDisconnectedException or OperationCanceledException)
            {
                // The circuit has ended before the module: it is gone with it.
            }
        }
    }

    private Task<IJSObjectReference> ModuleAsync() =>
        _module is null or { IsFaulted: true } or { IsCanceled: true }
            ? _module = js.InvokeAsync<IJSObjectReference>("import", "./_content/Drover.Web/drover.js").AsTask()
            : _module;
}
