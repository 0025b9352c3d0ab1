using System.Globalization;
using Drover.Web.Theme;

namespace Drover.Web.Tests.Theme;

public sealed class DroverThemeTests
{
    public static TheoryData<string, string> Modes => new() { { "light", "surface" }, { "light", "paper" }, { "dark", "surface" }, { "dark", "paper" } };

    [Theory, MemberData(nameof(Modes))]
    public void Colours_OfTextAndStates_CanBeReadOnTheirGround(string mode, string ground)
    {
        var tones = mode == "dark" ? DroverTheme.Dark : DroverTheme.Light;
        var under = ground == "paper" ? tones.Paper : tones.Surface;
        Assert.All([tones.Ink, tones.Muted, tones.Green, tones.Blue, tones.Amber, tones.Red, tones.Grey], colour =>
            Assert.True(Contrast(colour, under) >= 4.5, $"{colour} on {under}: {Contrast(colour, under):0.00}"));
    }

    [Fact]
    public void Css_BothModesAndThePreference_AreInIt()
    {
        Assert.Contains("prefers-color-scheme:dark", DroverTheme.Css, StringComparison.Ordinal);
        Assert.Contains($"--d-ink:{DroverTheme.Light.Ink};", DroverTheme.Css, StringComparison.Ordinal);
        Assert.Contains($"--d-ink:{DroverTheme.Dark.Ink};", DroverTheme.Css, StringComparison.Ordinal);
        Assert.DoesNotContain("url(", DroverTheme.Css, StringComparison.Ordinal);
    }

    /// <summary>WCAG 2.1, 1.4.3.</summary>
    private static double Contrast(string a, string b)
    {
        var (x, y) = (Luminance(a), Luminance(b));
        return (Math.Max(x, y) + 0.05) / (Math.Min(x, y) + 0.05);
    }

    private static double Luminance(string hex)
    {
        double Part(int at)
        {
            var c = int.Parse(hex.AsSpan(at, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255d;
            return c <= 0.04045 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4);
        }

        return (0.2126 * Part(1)) + (0.7152 * Part(3)) + (0.0722 * Part(5));
    }
}
