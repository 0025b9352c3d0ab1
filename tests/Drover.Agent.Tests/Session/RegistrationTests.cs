using Drover.Agent.Session;
using Drover.Agent.Tests.Fakes;

namespace Drover.Agent.Tests.Session;

public sealed class RegistrationTests : IAsyncLifetime
{
    private readonly TestFolder _folder = new();
    private readonly AgentLog _log = new(TextWriter.Null);
    private readonly HttpClient _http = new();
    private FakeCattle _server = null!;

    public async ValueTask InitializeAsync() => _server = await FakeCattle.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _http.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Register_WithAToken_AsksInTheOrderOfTheWire()
    {
        _server.LooksUntilActive = 1;
        var outcome = await RegisterAsync();
        var state = Assert.IsType<RegistrationOutcome.Registered>(outcome).State;
        Assert.Equal((_server.Root, "ACCESS1a1", "secret1a1"), (state.Url, state.AccessKey, state.SecretKey));
        Assert.Equal(128, state.RegisterKey.Length); // 64 bytes in hex
        Assert.Equal([state.RegisterKey], _server.Keys);
        Assert.Equal(state, await Store().LoadAsync("u-1", Cancel));
        Assert.Equal(
            ["POST /v1/register", "GET /v1/register/1a1", "GET /v1/register"],
            _server.Requests);
    }

    [Fact]
    public async Task Register_WhereTheAddressAloneIsNotEnough_AsksTheScript()
    {
        _server.ScriptsNeeded = true;
        Assert.IsType<RegistrationOutcome.Registered>(await RegisterAsync());
        Assert.Equal(["POST /v1/register", "GET /v1/scripts/T0KEN", "GET /v1/schemas", "GET /v1/register", "POST /v1/register", "GET /v1/register"], _server.Requests);
    }

    [Fact]
    public async Task Register_Again_GivesTheSameKeysWithoutASecondAgent()
    {
        var first = Assert.IsType<RegistrationOutcome.Registered>(await RegisterAsync());
        var second = Assert.IsType<RegistrationOutcome.Registered>(await RegisterAsync());
        Assert.Equal(first.State, second.State);
        Assert.Single(_server.Keys);
    }

    [Fact]
    public async Task Register_OtherMachineOnTheSameDisk_TakesAKeyOfItsOwn()
    {
        await RegisterAsync();
        var other = await new Registration(_http, Store(), TimeProvider.System).RegisterAsync(Identities.For(_server.RegistrationUrl, "u-2"), Cancel);
        Assert.Contains("TokenUsed", Assert.IsType<RegistrationOutcome.Refused>(other).Cause, StringComparison.Ordinal);
        Assert.NotNull(await Store().LoadAsync("u-2", Cancel));
    }

    [Fact]
    public async Task Register_WithARefusedToken_SaysSo()
    {
        _server.TokenRefused = true;
        Assert.Contains("refuses the registration", Assert.IsType<RegistrationOutcome.Refused>(await RegisterAsync()).Cause, StringComparison.Ordinal);
        Assert.False((await Store().LoadAsync("u-1", Cancel))!.HasKeys);
    }

    [Fact]
    public async Task Register_WhereTheTokenMayOnlyLook_SaysSo()
    {
        _server.RegisterHidden = true;
        Assert.Contains("does not let this token register", Assert.IsType<RegistrationOutcome.Refused>(await RegisterAsync()).Cause, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Register_AtAnAddressThatIsNoScript_SaysSo()
    {
        (_server.RegisterHidden, _server.Scheme) = (true, "<html>");
        Assert.Contains("no", Assert.IsType<RegistrationOutcome.Refused>(await RegisterAsync()).Cause, StringComparison.Ordinal);
        var odd = await new Registration(_http, Store(), TimeProvider.System).RegisterAsync(Identities.For("ftp://x/y"), Cancel);
        Assert.IsType<RegistrationOutcome.Refused>(odd);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(429)]
    public async Task Register_AtAServerInTrouble_IsWorthAnotherTry(int status)
    {
        _server.Broken = status;
        Assert.IsType<RegistrationOutcome.Unavailable>(await RegisterAsync());
        _server.Broken = null;
        Assert.IsType<RegistrationOutcome.Registered>(await RegisterAsync());
    }

    [Fact]
    public async Task Register_AtNoServer_IsWorthAnotherTry()
    {
        await _server.DisposeAsync();
        var outcome = await new Registration(_http, Store(), TimeProvider.System).RegisterAsync(Identities.For("http://127.0.0.1:1/v1/scripts/T"), Cancel);
        Assert.IsType<RegistrationOutcome.Unavailable>(outcome);
    }

    [Fact]
    public async Task Register_KilledAtAnyStep_EndsWithOneAgentAndItsKeys()
    {
        _server.LooksUntilActive = 1;
        var identity = Identities.For(_server.RegistrationUrl);
        var killed = 0;
        while (true)
        {
            // Each round is a new process on the same files; round n dies at its step n, so every step dies once on what earlier rounds left.
            var killSwitch = new KillSwitch(killed);
            using var handler = new KillingHandler(killSwitch);
            using var http = new HttpClient(handler);
            try
            {
                var outcome = await new Registration(http, Store(killSwitch.Reached), TimeProvider.System).RegisterAsync(identity, Cancel);
                Assert.IsType<RegistrationOutcome.Registered>(outcome);
                break;
            }
            catch (KilledException)
            {
                killed++;
            }
        }

        Assert.True(killed >= 6, $"{killed} steps");
        await ExpectOneAgentAsync();
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task Register_KilledOnAFreshDisk_EndsWithOneAgentAndItsKeys(int step)
    {
        _server.LooksUntilActive = 1;
        var killSwitch = new KillSwitch(step);
        using (var handler = new KillingHandler(killSwitch))
        using (var http = new HttpClient(handler))
        {
            await Assert.ThrowsAsync<KilledException>(
                () => new Registration(http, Store(killSwitch.Reached), TimeProvider.System).RegisterAsync(Identities.For(_server.RegistrationUrl), Cancel));
        }

        Assert.IsType<RegistrationOutcome.Registered>(await RegisterAsync());
        await ExpectOneAgentAsync();
    }

    /// <summary>Three requests and two writes, each before and after.</summary>
    public static TheoryData<int> Steps() => [.. Enumerable.Range(0, 10)];

    private async Task ExpectOneAgentAsync()
    {
        var state = await Store().LoadAsync("u-1", Cancel);
        Assert.Equal(state!.RegisterKey, Assert.Single(_server.Keys));
        Assert.Equal(("ACCESS1a1", "secret1a1"), (state.AccessKey, state.SecretKey));
    }

    private Task<RegistrationOutcome> RegisterAsync() =>
        new Registration(_http, Store(), TimeProvider.System).RegisterAsync(Identities.For(_server.RegistrationUrl), Cancel);

    private AgentStateStore Store(Action<string>? reached = null) => new(_folder.Path, _log, reached);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
}
