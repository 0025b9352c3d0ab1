using Drover.Executor.Machines;

namespace Drover.Executor.Tests.Machines;

public sealed class GuestNetworkTests
{
    private static readonly GuestNetwork User = new("10.0.2.15/24", "10.0.2.2", ["10.0.2.3"], "10.0.2.2");

    [Theory]
    [InlineData("http://127.0.0.1:8080/v1/scripts/T", "http://10.0.2.2:8080/v1/scripts/T")]
    [InlineData("http://127.8.9.1:8080/v1/scripts/T", "http://10.0.2.2:8080/v1/scripts/T")]
    [InlineData("https://localhost/v1/scripts/T", "https://10.0.2.2/v1/scripts/T")]
    [InlineData("http://[::1]:81/v1/scripts/a:b%2Fc", "http://10.0.2.2:81/v1/scripts/a:b%2Fc")]
    [InlineData("http://0.0.0.0:81/x", "http://10.0.2.2:81/x")]
    [InlineData("http://192.0.2.7:8080/v1/scripts/T", "http://192.0.2.7:8080/v1/scripts/T")]
    [InlineData("http://localhost.example.org/x", "http://localhost.example.org/x")]
    public void FromGuest_OnlyLoopback_IsRewritten(string url, string expected) => Assert.Equal(expected, User.FromGuest(url));

    [Fact]
    public void FromGuest_GuestOnThisMachine_ChangesNothing() =>
        Assert.Equal("http://127.0.0.1:8080/x", GuestNetwork.OfThisMachine.FromGuest("http://127.0.0.1:8080/x"));
}
