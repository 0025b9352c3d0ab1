using Drover.Web.Session;

namespace Drover.Web.Tests.Session;

public sealed class ReturnUrlTests
{
    [Theory]
    [InlineData("/env/1a5/hosts?q=a", "/env/1a5/hosts?q=a")]
    [InlineData("/", "/")]
    [InlineData(null, "/")]
    [InlineData("", "/")]
    [InlineData("https://evil.example/", "/")]
    [InlineData("//evil.example/", "/")]
    [InlineData("/\\evil.example/", "/")]
    [InlineData("/a\\b", "/")]
    [InlineData("/\t/evil.example", "/")]
    [InlineData("javascript:alert(1)", "/")]
    [InlineData("env/1a5", "/")]
    [InlineData("/login?returnUrl=/login", "/")]
    public void Local_AnyUrl_NeverLeavesThisServer(string? url, string expected) => Assert.Equal(expected, ReturnUrl.Local(url));

    [Theory]
    [InlineData("", false, "/login")]
    [InlineData("env/1a5/hosts?q=a b", false, "/login?returnUrl=%2Fenv%2F1a5%2Fhosts%3Fq%3Da%20b")]
    [InlineData("env/1a5", true, "/login?returnUrl=%2Fenv%2F1a5&expired=true")]
    public void SignIn_Path_ComesBack(string path, bool expired, string expected) => Assert.Equal(expected, ReturnUrl.SignIn(path, expired));
}
