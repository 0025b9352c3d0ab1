using Drover.Agent.Session;
using Drover.Agent.Tests.Fakes;

namespace Drover.Agent.Tests.Session;

public sealed class AgentStateStoreTests : IDisposable
{
    private static readonly AgentState Registered = new()
    {
        MachineUuid = "u-1", RegisterKey = "k", Url = "http://srv/v1", AccessKey = "a", SecretKey = "s3cret",
    };

    private readonly TestFolder _folder = new();
    private readonly StringWriter _log = new();

    private AgentStateStore Store => new(_folder.Path, new AgentLog(_log));

    public void Dispose()
    {
        _folder.Dispose();
        _log.Dispose();
    }

    [Fact]
    public async Task State_Saved_IsLoadedByItsMachineOnly()
    {
        await Store.SaveAsync(Registered, durable: true, Cancel);
        Assert.Equal(Registered, await Store.LoadAsync("u-1", Cancel));
        Assert.Null(await Store.LoadAsync("u-2", Cancel));
    }

    [Fact]
    public async Task State_OfASpare_IsAnotherKeyForEachThatClaimsIt_AndTheSameEachTime()
    {
        var spare = AgentState.NewKey(AgentState.Spare);
        await Store.SaveAsync(spare, durable: true, Cancel);
        var claimed = await Store.LoadAsync("u-1", Cancel);
        Assert.Equal(("u-1", spare.RegisterKey.Length), (claimed!.MachineUuid, claimed.RegisterKey.Length));
        Assert.Equal(claimed, await Store.LoadAsync("u-1", Cancel));

        // A copy of the disk that was taken before the claimer wrote its state.
        var copy = await Store.LoadAsync("u-2", Cancel);
        Assert.Equal(3, new[] { spare.RegisterKey, claimed.RegisterKey, copy!.RegisterKey }.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task State_Saved_IsForItsOwnerOnly()
    {
        await Store.SaveAsync(Registered, durable: true, Cancel);
        await Store.SaveAsync(Registered with { Linked = true }, durable: true, Cancel);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.File("agent.json")));
        Assert.Equal([_folder.File("agent.json")], Directory.GetFiles(_folder.Path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"machineUuid\":\"u-1\"")]
    [InlineData("{}")]
    [InlineData("\u0000\u0000\u0000")]
    public async Task State_Damaged_IsKeptAsideAndForgotten(string content)
    {
        await File.WriteAllTextAsync(_folder.File("agent.json"), content, Cancel);
        Assert.Null(await Store.LoadAsync("u-1", Cancel));
        Assert.Equal(content, await File.ReadAllTextAsync(_folder.File("agent.json.damaged"), Cancel));
        Assert.Contains("is damaged", _log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Save_StoppedBefore_LeavesTheOldState()
    {
        await Store.SaveAsync(Registered, durable: true, Cancel);
        var stopping = new AgentStateStore(_folder.Path, new AgentLog(_log), at => throw new InvalidOperationException(at));
        await Assert.ThrowsAsync<InvalidOperationException>(() => stopping.SaveAsync(Registered with { AccessKey = "b" }, durable: true, Cancel));
        Assert.Equal(Registered, await Store.LoadAsync("u-1", Cancel));
    }

    [Fact]
    public void Prepare_FolderThatCannotBe_Throws()
    {
        File.WriteAllText(_folder.File("file"), "");
        var store = new AgentStateStore(_folder.File("file"), new AgentLog(_log));
        Assert.Throws<IOException>(store.Prepare);
    }

    [Fact]
    public void State_AsText_HoldsNoSecret() => Assert.DoesNotContain("s3cret", $"{Registered}", StringComparison.Ordinal);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
}
