using Microsoft.Win32.SafeHandles;

namespace Drover.Executor.Processes;

/// <summary>What to start and as whom.</summary>
internal sealed record ProcessSpec
{
    /// <summary>A path, or a name that is looked up in PATH.</summary>
    public required string Program { get; init; }

    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>The working directory; null keeps ours.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>The whole environment of the child.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = ChildEnvironment.OfThisProcess();

    /// <summary>Descriptors that the child gets under the same number as here. Everything else of ours stays closed to it.</summary>
    public IReadOnlyList<SafeFileHandle> Inherited { get; init; } = [];

    /// <summary>The child reads what we write to <see cref="ChildProcess.Input"/>; else /dev/null.</summary>
    public bool TakesInput { get; init; }

    /// <summary>Null runs the child as we are.</summary>
    public ProcessUser? User { get; init; }

    /// <summary>The child gets SIGKILL when this process ends, however it ends. Needs <c>setpriv</c> of util-linux.</summary>
    public bool DiesWithParent { get; init; }

    /// <summary>How far the child stands back where processors are scarce, 0 to 19 (nice(2)); added to our own.</summary>
    public int Niceness { get; init; }
}

/// <summary>An unprivileged user for a child.</summary>
/// <param name="ExtraGroup">One supplementary group that the child keeps, such as the one that owns <c>/dev/kvm</c>.</param>
internal sealed record ProcessUser(uint UserId, uint GroupId, uint? ExtraGroup = null);

/// <summary>What children see of our environment: nothing of Mesos, which would make them take themselves for an executor.</summary>
internal static class ChildEnvironment
{
    internal static IReadOnlyDictionary<string, string> OfThisProcess()
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            var name = (string)entry.Key;
            if (!name.StartsWith("MESOS_", StringComparison.Ordinal) && !name.StartsWith("LIBPROCESS_", StringComparison.Ordinal))
            {
                result[name] = (string?)entry.Value ?? "";
            }
        }

        result.TryAdd("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        return result;
    }
}
