namespace Drover.Web.Theme;

/// <summary>Dark or light: the system's wish unless the user has chosen. Kept in a cookie, so that the first byte of a page is right already.</summary>
internal sealed class Look
{
    public const string System = "system";

    /// <summary><c>system</c>, <c>dark</c> or <c>light</c>.</summary>
    public string Choice { get; private set; } = System;

    public bool Dark { get; private set; }

    public event EventHandler? Changed;

    /// <param name="choice">From the cookie; anything unknown means the system's wish.</param>
    /// <param name="scheme">What the browser's system last preferred, if known.</param>
    public static (string Choice, bool? Dark) Read(string? choice, string? scheme) => (choice, scheme) switch
    {
        ("dark", _) => ("dark", true),
        ("light", _) => ("light", false),
        (_, "dark") => (System, true),
        (_, "light") => (System, false),
        _ => (System, null),
    };

    public void Set(string choice, bool dark)
    {
        if (choice != Choice || dark != Dark)
        {
            (Choice, Dark) = (choice, dark);
            Changed?.Invoke(this, EventArgs.Empty);
        }
    }
}
