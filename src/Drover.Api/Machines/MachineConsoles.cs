namespace Drover.Api.Machines;

/// <summary>The consoles that a machine has beside its boot log. Both are streams of bytes, in both directions.</summary>
public static class ConsoleKind
{
    /// <summary>The screen, keyboard and mouse: RFB (VNC), version 3.8, without authentication of its own.</summary>
    public const string Graphical = "graphical";

    /// <summary>The first serial port.</summary>
    public const string Serial = "serial";

    public static IReadOnlyList<string> All { get; } = [Graphical, Serial];
}

/// <summary>Whether a machine has a screen.</summary>
public static class MachineDisplay
{
    /// <summary>A foreign cloud image has one, Drover's own image none: its kernel writes to the serial port only, and a screen would be one more
    /// device in every template and copy.</summary>
    public const string Auto = "auto";

    public const string None = "none";

    /// <summary>A plain VGA card. A machine of our own image then boots: templates have no screen.</summary>
    public const string Vga = "vga";

    public static IReadOnlyList<string> All { get; } = [Auto, None, Vga];

    /// <param name="display">As asked for.</param>
    /// <param name="imageKind">A name of <see cref="ImageKind"/>.</param>
    public static bool IsThere(string display, string imageKind) => display == Vga || (display == Auto && ImageKind.IsForeign(imageKind));
}
