using System.Diagnostics;

namespace Drover.Testing;

/// <summary>Scripts that a test writes and then runs.</summary>
/// <remarks>Another program puts them in their place. Had this process the file open for writing, so would, for a moment, every child that another
/// test is just starting, and a program that somebody has open for writing cannot be run ("Text file busy").</remarks>
internal static class TestProgram
{
    public static void Write(string path, string text)
    {
        var draft = path + ".draft";
        File.WriteAllText(draft, text);
        using var install = Process.Start(new ProcessStartInfo("install", ["-m", "755", draft, path]) { UseShellExecute = false })!;
        install.WaitForExit();
        Assert.Equal(0, install.ExitCode);
        File.Delete(draft);
    }
}
