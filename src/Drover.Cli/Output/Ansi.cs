namespace Drover.Cli.Output;

/// <summary>Terminal colours by meaning: green runs, blue is at work, amber waits or needs eyes, red failed, grey is off.</summary>
internal static class Ansi
{
    public const string Green = "32", Blue = "34", Amber = "33", Red = "31", Grey = "90";

    public static string Dim(string text) => Paint("2", text);

    public static string Bold(string text) => Paint("1", text);

    public static string State(string state) => ColourOf(state) is { } colour ? Paint(colour, state) : state;

    public static string Paint(string code, string text) => $"\u001b[{code}m{text}\u001b[0m";

    private static string? ColourOf(string state) => state switch
    {
        "active" or "running" or "done" => Green,
        "requested" or "creating" or "bootstrapping" or "registering" or "activating" or "updating" or "resizing" or "resizing-stopped" or "starting" => Blue,
        "reconnecting" or "disconnected" or "removing" or "deactivating" => Amber,
        "error" or "erroring" or "failed" => Red,
        "inactive" or "removed" or "purged" or "stopped" or "not running" => Grey,
        _ => null,
    };
}
