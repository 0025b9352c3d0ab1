namespace Drover.LocalMesos.Tests;

/// <summary>What came, in order, and a wait for what is to come. Each wait begins after the last match.</summary>
internal sealed class EventLog<T>(string name)
{
    private readonly Lock _gate = new();
    private readonly List<T> _all = [];
    private int _next;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<T> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _all];
            }
        }
    }

    public void Add(T item)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            _all.Add(item);
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }

    /// <summary>The next item that matches, of those after the last match.</summary>
    public async Task<T> NextAsync(Func<T, bool> match, string what)
    {
        var token = TestContext.Current.CancellationToken;
        var limit = Task.Delay(TimeSpan.FromMinutes(1), token);
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                for (; _next < _all.Count; _next++)
                {
                    if (match(_all[_next]))
                    {
                        return _all[_next++];
                    }
                }

                changed = _changed.Task;
            }

            if (await Task.WhenAny(changed, limit) == limit)
            {
                token.ThrowIfCancellationRequested();
                throw new TimeoutException($"{name}: waited for {what}; came:\n{string.Join('\n', All)}");
            }
        }
    }
}
