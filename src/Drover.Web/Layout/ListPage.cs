using Drover.Api.Cattle;
using Microsoft.AspNetCore.Components;

namespace Drover.Web.Layout;

/// <summary>A page that lists what the server keeps and tells no events of: newest first, read again while it is open, older ones on demand.</summary>
public abstract class ListPage<T> : EnvironmentPage
    where T : class
{
    private readonly CancellationTokenSource _gone = new();
    private string? _next;
    private int _question;

    [Inject]
    internal TimeProvider Time { get; set; } = null!;

    /// <summary>Null until they have been read.</summary>
    protected IReadOnlyList<T>? Rows { get; private set; }

    protected bool HasMore => _next is not null;

    /// <summary>Why the list could not be read.</summary>
    protected string? Problem { get; private set; }

    protected CancellationToken Gone => _gone.Token;

    /// <summary>The collection below <see cref="Api"/>, with its query.</summary>
    protected abstract string Path { get; }

    /// <summary>What is listed, for a sentence: <c>processes</c>.</summary>
    protected abstract string What { get; }

    /// <summary>How often it is read again.</summary>
    protected virtual TimeSpan Interval => TimeSpan.FromSeconds(5);

    internal virtual CattleClient Api => Session.In(Environment);

    protected abstract T Read(CattleResource resource);

    protected abstract string IdOf(T row);

    /// <summary>Looks at the answer beside its rows.</summary>
    internal virtual void Look(CattleCollection page)
    {
    }

    protected override void OnInitialized()
    {
        base.OnInitialized();
        if (RendererInfo.IsInteractive && Session.SignedIn)
        {
            _ = FollowAsync();
        }
    }

    protected override void Dispose(bool disposing)
    {
        _gone.Cancel();
        _gone.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Another question is asked: what was read for the last one is gone.</summary>
    protected Task AskAsync()
    {
        _question++;
        (Rows, _next, Problem) = (null, null, null);
        return ReadAsync();
    }

    protected async Task ReadAsync()
    {
        var question = _question;
        await TryAsync(async () =>
        {
            var page = await Api.PageAsync(Path, _gone.Token);
            if (question == _question)
            {
                Look(page);
                Take(page);
            }
        });
    }

    protected async Task MoreAsync()
    {
        var question = _question;
        if (_next is { } next)
        {
            await TryAsync(async () =>
            {
                var page = await Api.PageAsync(next, _gone.Token);
                if (question == _question)
                {
                    _next = page.Next;
                    Rows = [.. Rows ?? [], .. page.Data.Select(Read)];
                }
            });
        }
    }

    /// <summary>What is new stands before what was read already; what was asked for beyond the first page stays.</summary>
    private void Take(CattleCollection page)
    {
        var first = page.Data.Select(Read).ToList();
        var ids = first.Select(IdOf).ToHashSet(StringComparer.Ordinal);
        var older = Rows is { } before && first.Count > 0 ? before.SkipWhile(r => IdOf(r) != IdOf(first[^1])).Skip(1).Where(r => !ids.Contains(IdOf(r))).ToList() : [];
        if (older.Count == 0)
        {
            _next = page.Next;
        }

        Rows = [.. first, .. older];
    }

    private async Task TryAsync(Func<Task> read)
    {
        try
        {
            await read();
            Problem = null;
        }
        catch (CattleException e)
        {
            Problem = e.Status switch
            {
                401 => "Your session has ended. Sign in again.",
                403 or 404 => $"You may not see the {What} of this environment.",
                _ => $"The {What} cannot be read: {e.Message} It is tried again by itself.",
            };
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            return;
        }

        await InvokeAsync(StateHasChanged);
    }

    private async Task FollowAsync()
    {
        while (!_gone.IsCancellationRequested)
        {
            await ReadAsync();
            try
            {
                await Task.Delay(Interval, Time, _gone.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
