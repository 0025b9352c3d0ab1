namespace Drover.Testing;

/// <summary>A part of the system that can be killed at a durable step, as <c>kill -9</c> would: from that moment nothing of it is stored any more.</summary>
/// <remarks>One switch serves one incarnation; the part's hook throws at the armed step and at every step after it.</remarks>
public sealed class KillSwitch
{
    private readonly TaskCompletionSource _killed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly List<string> _steps = [];
    private string? _armed;
    private int _occurrence;
    private bool _onlyTell;
    private bool _dead;

    /// <summary>Completes when the armed step was reached.</summary>
    public Task Struck => _killed.Task;

    /// <summary>Every step reached so far, in order.</summary>
    public IReadOnlyList<string> Steps
    {
        get
        {
            lock (_lock)
            {
                return [.. _steps];
            }
        }
    }

    /// <summary>Strikes at the <paramref name="occurrence"/>-th time (from 1, counted from now) that <paramref name="step"/> is reached.</summary>
    /// <param name="onlyTell">The part itself goes on: somebody else is to be killed at this moment.</param>
    public void Arm(string step, int occurrence, bool onlyTell)
    {
        lock (_lock)
        {
            (_armed, _occurrence, _onlyTell) = (step, occurrence, onlyTell);
        }
    }

    /// <summary>The hook for the part.</summary>
    public void Reached(string step)
    {
        lock (_lock)
        {
            if (!_dead)
            {
                _steps.Add(step);
                if (step != _armed || --_occurrence != 0)
                {
                    return;
                }

                _killed.TrySetResult();
                if (_onlyTell)
                {
                    return;
                }

                _dead = true;
            }
        }

        throw new KilledException(step);
    }

    /// <summary>From now on every step throws: what the old incarnation still does is not stored.</summary>
    public void Bury()
    {
        lock (_lock)
        {
            _dead = true;
        }
    }
}

/// <summary>Thrown by a killed part's hook.</summary>
public sealed class KilledException(string step) : Exception($"killed at {step}");
