using System.Text;
using MudBlazor;

namespace Drover.Web.Theme;

/// <summary>The one source of colours: <see cref="Mud"/> for the components, <see cref="Css"/> (<c>--d-…</c>) for our own style sheets.</summary>
/// <remarks>One colour says one thing: green runs, blue works on it, amber waits or needs eyes, red failed, grey is off. Buttons, links
/// and bars are ink on paper, so that a colour always is a state.</remarks>
internal static class DroverTheme
{
    private const string Sans = "system-ui, -apple-system, 'Segoe UI Variable', 'Segoe UI', 'Inter', 'Cantarell', 'Noto Sans', 'Liberation Sans', sans-serif";
    private const string Mono = "ui-monospace, 'SF Mono', 'Cascadia Mono', 'JetBrains Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace";

    public static Tones Light { get; } = new()
    {
        Paper = "#f4f6f8", Surface = "#ffffff", Raised = "#eef1f4", Line = "#dde2e8", LineStrong = "#b9c2cc",
        Ink = "#18202a", Muted = "#586473", Faint = "#8994a1",
        Green = "#167a41", Blue = "#1b66c9", Amber = "#945c00", Red = "#c42b2b", Grey = "#66717e",
        Bar = "#64748b", Log = "#f9fafb",
    };

    public static Tones Dark { get; } = new()
    {
        Paper = "#0e1216", Surface = "#151b21", Raised = "#1d252d", Line = "#28313b", LineStrong = "#435060",
        Ink = "#e7ecf2", Muted = "#98a5b4", Faint = "#6c7988",
        Green = "#45c07a", Blue = "#5aa7f5", Amber = "#e5aa3c", Red = "#f26d6d", Grey = "#8693a2",
        Bar = "#8495a9", Log = "#0a0d10",
    };

    public static MudTheme Mud { get; } = new()
    {
        PaletteLight = Fill(new PaletteLight(), Light, "#ffffff"),
        PaletteDark = Fill(new PaletteDark(), Dark, "#0e1216"),
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "6px" },
        Typography = new Typography
        {
            Default = new DefaultTypography { FontFamily = Sans.Split(", "), FontSize = ".875rem", LineHeight = "1.45", LetterSpacing = "normal" },
            H6 = new H6Typography { FontSize = "1rem", FontWeight = "600", LineHeight = "1.4", LetterSpacing = "normal" },
            Body1 = new Body1Typography { FontSize = ".875rem", LineHeight = "1.45", LetterSpacing = "normal" },
            Body2 = new Body2Typography { FontSize = ".8125rem", LineHeight = "1.45", LetterSpacing = "normal" },
            Subtitle1 = new Subtitle1Typography { FontSize = ".875rem", LetterSpacing = "normal" },
            Caption = new CaptionTypography { FontSize = ".75rem", LetterSpacing = "normal" },
            Button = new ButtonTypography { FontSize = ".8125rem", FontWeight = "600", TextTransform = "none", LetterSpacing = "normal", LineHeight = "1.6" },
        },
    };

    /// <summary>Custom properties for either mode. Without <c>data-theme</c> on the root the system's preference decides.</summary>
    public static string Css { get; } =
        $":root{{--d-sans:{Sans};--d-mono:{Mono};color-scheme:light;{Light.Css()}}}"
        + $"@media(prefers-color-scheme:dark){{:root:not([data-theme]){{color-scheme:dark;{Dark.Css()}}}}}"
        + $":root[data-theme=dark]{{color-scheme:dark;{Dark.Css()}}}";

    private static T Fill<T>(T palette, Tones tones, string inverse)
        where T : Palette
    {
        palette.Primary = tones.Ink;
        palette.PrimaryContrastText = inverse;
        palette.Secondary = tones.Muted;
        palette.SecondaryContrastText = inverse;
        palette.Info = tones.Blue;
        palette.Success = tones.Green;
        palette.Warning = tones.Amber;
        palette.Error = tones.Red;
        palette.ErrorContrastText = inverse;
        palette.Dark = tones.Grey;
        palette.TextPrimary = tones.Ink;
        palette.TextSecondary = tones.Muted;
        palette.TextDisabled = tones.Faint;
        palette.ActionDefault = tones.Muted;
        palette.ActionDisabled = tones.Faint;
        palette.ActionDisabledBackground = tones.Raised;
        palette.Background = tones.Paper;
        palette.BackgroundGray = tones.Raised;
        palette.Surface = tones.Surface;
        palette.AppbarBackground = tones.Surface;
        palette.AppbarText = tones.Ink;
        palette.DrawerBackground = tones.Surface;
        palette.LinesDefault = tones.Line;
        palette.LinesInputs = tones.LineStrong;
        palette.TableLines = tones.Line;
        palette.Divider = tones.Line;
        palette.Skeleton = tones.Raised;
        palette.OverlayDark = "rgba(6,9,12,.62)";
        return palette;
    }
}

/// <summary>The colours of one mode, by what they are for.</summary>
internal sealed record Tones
{
    public required string Paper { get; init; }
    public required string Surface { get; init; }
    public required string Raised { get; init; }
    public required string Line { get; init; }
    public required string LineStrong { get; init; }
    public required string Ink { get; init; }
    public required string Muted { get; init; }
    public required string Faint { get; init; }
    public required string Green { get; init; }
    public required string Blue { get; init; }
    public required string Amber { get; init; }
    public required string Red { get; init; }
    public required string Grey { get; init; }
    public required string Bar { get; init; }
    public required string Log { get; init; }

    public string Css()
    {
        var css = new StringBuilder();
        foreach (var (name, value) in (ReadOnlySpan<(string, string)>)
            [("paper", Paper), ("surface", Surface), ("raised", Raised), ("line", Line), ("line-strong", LineStrong), ("ink", Ink), ("muted", Muted), ("faint", Faint),
             ("green", Green), ("blue", Blue), ("amber", Amber), ("red", Red), ("grey", Grey), ("bar", Bar), ("log", Log)])
        {
            css.Append("--d-").Append(name).Append(':').Append(value).Append(';');
        }

        return css.ToString();
    }
}
