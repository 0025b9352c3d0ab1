using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Drover.Executor.Processes;

/// <summary>One call of posix_spawn: builds the opaque structures, calls, frees.</summary>
/// <remarks>posix_spawn and not <see cref="System.Diagnostics.Process"/>: only it hands single descriptors over, sets no
/// SIGCHLD handler of its own, and runs on the calling thread, to which Linux ties "dies with its parent" (prctl(2), PR_SET_PDEATHSIG).</remarks>
internal static unsafe class SpawnCall
{
    /// <summary>In place of a descriptor: /dev/null.</summary>
    internal const int NoInput = -1;

    /// <summary>Starts the child with these descriptors as its streams.</summary>
    /// <returns>The pid.</returns>
    /// <exception cref="Win32Exception">The program is missing, or the machine is out of processes or memory.</exception>
    internal static int Run(ProcessSpec spec, int input, int output, int error)
    {
        var (program, arguments) = CommandLine(spec);
        var memory = new List<IntPtr>();
        var actions = stackalloc byte[LibC.SpawnActionsBytes];
        var attributes = stackalloc byte[LibC.SpawnAttributesBytes];
        Check(LibC.SpawnActionsInit(actions), program);
        Check(LibC.SpawnAttributesInit(attributes), program);
        try
        {
            byte* Text(string value)
            {
                var pointer = Marshal.StringToCoTaskMemUTF8(value);
                memory.Add(pointer);
                return (byte*)pointer;
            }

            byte** Vector(IReadOnlyCollection<string> values)
            {
                var pointer = Marshal.AllocCoTaskMem((values.Count + 1) * sizeof(byte*));
                memory.Add(pointer);
                var vector = (byte**)pointer;
                var index = 0;
                foreach (var value in values)
                {
                    vector[index++] = Text(value);
                }

                vector[index] = null;
                return vector;
            }

            Check(input == NoInput ? LibC.SpawnActionsOpen(actions, 0, Text("/dev/null"), 0, 0) : LibC.SpawnActionsDuplicate(actions, input, 0), program);
            Check(LibC.SpawnActionsDuplicate(actions, output, 1), program);
            Check(LibC.SpawnActionsDuplicate(actions, error, 2), program);
            foreach (var handle in spec.Inherited)
            {
                // Onto itself: glibc takes this as "clear close-on-exec", and no number can collide with another.
                var descriptor = (int)handle.DangerousGetHandle();
                Check(LibC.SpawnActionsDuplicate(actions, descriptor, descriptor), program);
            }

            if (spec.WorkingDirectory is { } directory)
            {
                Check(LibC.SpawnActionsChangeDirectory(actions, Text(directory)), program);
            }

            // The runtime blocks and ignores signals (SIGPIPE) that a child must see with their defaults.
            var all = stackalloc byte[128];
            new Span<byte>(all, 128).Fill(0xff);
            var none = stackalloc byte[128];
            new Span<byte>(none, 128).Clear();
            Check(LibC.SpawnAttributesSignalDefaults(attributes, all), program);
            Check(LibC.SpawnAttributesSignalMask(attributes, none), program);
            Check(LibC.SpawnAttributesFlags(attributes, LibC.SpawnSetSignalMask | LibC.SpawnSetSignalDefaults), program);

            var environment = Vector([.. spec.Environment.Select(pair => $"{pair.Key}={pair.Value}")]);
            Check(LibC.Spawn(out var pid, Text(program), actions, attributes, Vector([program, .. arguments]), environment), program);
            return pid;
        }
        finally
        {
            _ = LibC.SpawnActionsDestroy(actions);
            _ = LibC.SpawnAttributesDestroy(attributes);
            memory.ForEach(Marshal.FreeCoTaskMem);
        }
    }

    /// <summary>setpriv changes what is asked and becomes the program, so the pid is the program's own.</summary>
    internal static (string Program, IReadOnlyList<string> Arguments) CommandLine(ProcessSpec spec)
    {
        if (spec.User is null && !spec.DiesWithParent)
        {
            return (spec.Program, spec.Arguments);
        }

        var arguments = new List<string>();
        if (spec.DiesWithParent)
        {
            arguments.AddRange(["--pdeathsig", "KILL"]);
        }

        if (spec.User is { } user)
        {
            arguments.AddRange(["--reuid", $"{user.UserId}", "--regid", $"{user.GroupId}"]);
            arguments.AddRange(user.ExtraGroup is { } group ? ["--groups", $"{group}"] : ["--clear-groups"]);
            arguments.AddRange(["--no-new-privs", "--inh-caps=-all"]);
        }

        return ("setpriv", [.. arguments, "--", spec.Program, .. spec.Arguments]);
    }

    private static void Check(int error, string program)
    {
        if (error != 0)
        {
            throw new Win32Exception(error, $"cannot start '{program}': {new Win32Exception(error).Message}");
        }
    }
}
