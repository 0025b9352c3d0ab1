using Drover.Executor.Machines;

namespace Drover.Executor.Qemu;

/// <summary>UEFI firmware for one machine: the code that all share, and its own variables.</summary>
internal sealed record UefiFiles(string Code, string Variables)
{
    internal const string VariablesFileName = "uefi-variables.fd";

    /// <summary>Where distributions keep OVMF: Debian and Ubuntu, Fedora, Arch, openSUSE.</summary>
    private static readonly (string Code, string Variables)[] Known =
    [
        ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
        ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
        ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
        ("/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"),
        ("/usr/share/qemu/ovmf-x86_64-code.bin", "/usr/share/qemu/ovmf-x86_64-vars.bin"),
    ];

    /// <summary>Copies fresh variables into the sandbox; those of a machine that was off are kept.</summary>
    /// <exception cref="MachineException">This computer has no UEFI firmware for guests.</exception>
    internal static UefiFiles Place(string sandbox)
    {
        var (code, variables) = Array.Find(Known, pair => File.Exists(pair.Code) && File.Exists(pair.Variables));
        if (code is null)
        {
            throw new MachineException("The image starts by UEFI, and this computer has no UEFI firmware for guests. Install it (Debian: ovmf), or add the image with --boot bios.");
        }

        var own = Path.Combine(sandbox, VariablesFileName);
        if (!File.Exists(own))
        {
            // Under another name until it is whole: a process may die in the middle.
            File.Copy(variables, own + ".new.fd", overwrite: true);
            File.SetUnixFileMode(own + ".new.fd", UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.Move(own + ".new.fd", own);
        }

        return new UefiFiles(code, VariablesFileName);
    }
}
