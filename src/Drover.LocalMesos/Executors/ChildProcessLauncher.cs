namespace Drover.LocalMesos;

/// <summary>Real processes, each in a session of its own, with their output in files: nothing ties them to this process.</summary>
public sealed class ChildProcessLauncher : IExecutorLauncher
{
    public string Generation { get; } = ProcessTable.BootId;

    public IExecutorProcess Start(ExecutorStart start)
    {
        var program = Locate(start);
        var error = PosixProcess.Spawn(program, start.Sandbox, Path.Combine(start.Sandbox, "stdout"), Path.Combine(start.Sandbox, "stderr"),
            start.Arguments, start.Environment.Select(v => $"{v.Key}={v.Value}"), out var pid);
        return error == 0
            ? new Child(new ProcessIdentity(pid, ProcessTable.StartTimeOfChild(pid)), start.Sandbox)
            : throw new ExecutorStartException($"{program} cannot be executed: {PosixProcess.ErrorText(error)}");
    }

    public IExecutorProcess? Find(ProcessIdentity? identity, string sandbox)
    {
        if (identity is { } known)
        {
            return ProcessTable.IsAlive(known) ? Adopted.TryCreate(known, sandbox) : null;
        }

        return ProcessTable.FindBySandbox(sandbox) is { } found ? Adopted.TryCreate(found, sandbox) : null;
    }

    public void KillLeftovers(ProcessIdentity? identity, string sandbox) => ProcessTable.KillTree(identity, sandbox);

    private static string Locate(ExecutorStart start)
    {
        if (start.Program.Contains('/', StringComparison.Ordinal))
        {
            return start.Program;
        }

        // As execvp would, but in the executor's PATH, not in ours.
        return (start.Environment.GetValueOrDefault("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, start.Program))
            .FirstOrDefault(File.Exists)
            ?? throw new ExecutorStartException($"{start.Program} is not in the executor's PATH");
    }

    /// <summary>Our own child: its exit status is ours to take.</summary>
    private sealed class Child : IExecutorProcess
    {
        private readonly Lock _gate = new();
        private readonly string _sandbox;
        private bool _reaped;

        public Child(ProcessIdentity identity, string sandbox)
        {
            Identity = identity;
            _sandbox = sandbox;
            Exited = Task.Factory.StartNew(Wait, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        public ProcessIdentity Identity { get; }

        public Task<int> Exited { get; }

        public void Kill()
        {
            lock (_gate)
            {
                if (!_reaped)
                {
                    PosixProcess.Kill(Identity.Pid);
                }
            }

            ProcessTable.KillTree(Identity, _sandbox);
        }

        private int Wait()
        {
            PosixProcess.WaitForChild(Identity.Pid);
            lock (_gate)
            {
                _reaped = true;
                return PosixProcess.Reap(Identity.Pid);
            }
        }
    }

    /// <summary>Started by an earlier agent: its end can be seen, its status cannot.</summary>
    private sealed class Adopted : IExecutorProcess
    {
        private readonly string _sandbox;

        private Adopted(ProcessIdentity identity, string sandbox, int descriptor)
        {
            Identity = identity;
            _sandbox = sandbox;
            Exited = Task.Factory.StartNew(
                () =>
                {
                    PosixProcess.WaitForProcess(descriptor);
                    return -1;
                }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        public ProcessIdentity Identity { get; }

        public Task<int> Exited { get; }

        public static Adopted? TryCreate(ProcessIdentity identity, string sandbox)
        {
            // The descriptor is the process' own from here on; look once more whose it is.
            var descriptor = PosixProcess.OpenProcess(identity.Pid);
            return descriptor >= 0 && ProcessTable.IsAlive(identity) ? new Adopted(identity, sandbox, descriptor) : null;
        }

        public void Kill() => ProcessTable.KillTree(Identity, _sandbox);
    }
}
