using Drover.Executor.Processes;
using Drover.Executor.Templates;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Executor.Tests.Templates;

public sealed class TemplateStoreTests : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly FakeTimeProvider time = new(DateTimeOffset.UnixEpoch.AddYears(50));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Publish_ThenTake_FindsItAndKeepsItInUse()
    {
        var key = await MakeAsync(Facts(1), 1000);
        var (finding, lease) = Store().Take(key);

        Assert.Equal(new TemplateFinding.Ready(7), finding);
        Store().MakeRoom(0);
        Assert.True(Directory.Exists(folder[$"templates/{key}"]), "removed while in use");
        lease!.Dispose();
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                Store().MakeRoom(0);
                return !Directory.Exists(folder[$"templates/{key}"]);
            },
            TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task Store_ThatEverybodyMayWriteTo_IsNotBelieved()
    {
        var key = await MakeAsync(Facts(1), 1000);
        var mode = File.GetUnixFileMode(folder["templates"]);
        File.SetUnixFileMode(folder["templates"], mode | UnixFileMode.OtherWrite);

        Assert.Contains("everybody may write", Assert.IsType<TemplateFinding.Refused>(Store().Take(key).Finding).Cause, StringComparison.Ordinal);

        File.SetUnixFileMode(folder["templates"], mode);
        Store().Take(key).Lease!.Dispose();
    }

    [Fact]
    public async Task Store_OfTwoInstances_GivesBothTheSameTemplate()
    {
        var key = await MakeAsync(Facts(1), 1000);
        var (one, two) = (Store().Take(key), Store().Take(key));

        Assert.Equal(one.Finding, two.Finding);
        one.Lease!.Dispose();
        Store().MakeRoom(0);
        Assert.True(Directory.Exists(folder[$"templates/{key}"]), "removed while another instance uses it");
        two.Lease!.Dispose();
    }

    [Fact]
    public async Task MakeRoom_RemovesTheOneUsedLongestAgo()
    {
        var first = await MakeAsync(Facts(1), 100_000);
        time.Advance(TimeSpan.FromHours(1));
        var second = await MakeAsync(Facts(2), 100_000);
        time.Advance(TimeSpan.FromHours(1));
        Store().Take(first).Lease!.Dispose();
        time.Advance(TimeSpan.FromHours(1));

        Store().MakeRoom(150_000);

        Assert.Equal((true, false), (Directory.Exists(folder[$"templates/{first}"]), Directory.Exists(folder[$"templates/{second}"])));
    }

    [Theory]
    [InlineData("template.publish:before", false)]
    [InlineData("template.publish:after", true)]
    public async Task Publish_KilledAroundTheRename_IsAllOrNothing(string step, bool there)
    {
        var facts = Facts(1);
        var dying = new TemplateStore(folder.Path, time, long.MaxValue, at => { if (at == step) throw new OperationCanceledException(at); });
        var draft = dying.TryBegin(facts)!;
        await File.WriteAllTextAsync(draft.PathOf("state"), "x", Token);
        await Assert.ThrowsAsync<OperationCanceledException>(() => draft.PublishAsync(7, time.GetUtcNow(), new Dictionary<string, string>(), Token));

        Assert.Equal(there, Store().Take(facts.Key).Finding is TemplateFinding.Ready);
    }

    [Fact]
    public async Task Begin_AfterAMakerThatWasKilled_SweepsWhatItLeft()
    {
        var facts = Facts(1);
        Directory.CreateDirectory(folder[$"templates/{facts.Key}.draft"]);
        await File.WriteAllTextAsync(folder[$"templates/{facts.Key}.draft/ram"], "half", Token);
        Directory.CreateDirectory(folder[$"templates/{Facts(2).Key}.draft"]);
        Directory.CreateDirectory(folder[$"templates/{Facts(3).Key}.doomed1"]);

        var key = await MakeAsync(facts, 10);

        Assert.Equal([key], Directory.EnumerateDirectories(folder["templates"]).Select(Path.GetFileName));
        Assert.Equal(["disk", "state", "template.json"], Directory.EnumerateFiles(folder[$"templates/{key}"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Begin_WhileAnotherMakes_IsRefusedAndSeen()
    {
        var facts = Facts(1);
        using var draft = Store().TryBegin(facts);

        Assert.Null(Store().TryBegin(facts));
        Assert.IsType<TemplateFinding.BeingMade>(Store().Take(facts.Key).Finding);
    }

    [Theory]
    [InlineData("template.json", "{}")]
    [InlineData("template.json", "not json")]
    [InlineData("state", "other content")]
    [InlineData("state", null)]
    public async Task Take_OfADamagedTemplate_ThrowsItAway(string file, string? content)
    {
        var key = await MakeAsync(Facts(1), 10);
        File.Delete(folder[$"templates/{key}/{file}"]);
        if (content is not null)
        {
            await File.WriteAllTextAsync(folder[$"templates/{key}/{file}"], content, Token);
        }

        Assert.IsType<TemplateFinding.Broken>(Store().Take(key).Finding);

        // A lock lives on for a moment in a process that another test starts just then, so it may look as if somebody made it.
        Assert.True(Store().Take(key).Finding is TemplateFinding.Absent or TemplateFinding.BeingMade);
        Assert.Empty(Directory.EnumerateDirectories(folder["templates"]));
    }

    [Fact]
    public async Task Memory_IsReadOnce_SharedWhileSomebodyHoldsIt_AndSealed()
    {
        var (path, file) = await MemoryAsync();
        using var first = new TemplateMemory(folder["templates"], "k");
        using var second = new TemplateMemory(folder["templates"], "k");
        var read = await first.OpenAsync(path, file, time, Token);
        File.Delete(path);
        var shared = await second.OpenAsync(path, file, time, Token);

        Assert.Equal((false, true), (first.Shared, second.Shared));
        first.Dispose();
        var bytes = new byte[3];
        RandomAccess.Read(shared, bytes, 300_000);
        Assert.Equal([1, 2, 3], bytes);
        using var writable = File.OpenHandle($"/proc/self/fd/{shared.DangerousGetHandle()}", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        Assert.ThrowsAny<Exception>(() => RandomAccess.Write(writable, bytes, 0));
        Assert.ThrowsAny<Exception>(() => RandomAccess.SetLength(writable, 0));
        Assert.Single(Directory.EnumerateFiles(folder["templates/k.holders"]));
    }

    [Fact]
    public async Task Memory_HeldByTheDead_IsReadAnewAndTheirEntriesGo()
    {
        var (path, file) = await MemoryAsync();
        Directory.CreateDirectory(folder["templates/k.holders"]);
        await File.WriteAllTextAsync(folder["templates/k.holders/1-1-3"], "", Token);
        await File.WriteAllTextAsync(folder[$"templates/k.holders/{Environment.ProcessId}-{ProcessIdentity.StartTimeOf(Environment.ProcessId)}-0"], "", Token);
        using var memory = new TemplateMemory(folder["templates"], "k");

        await memory.OpenAsync(path, file, time, Token);

        Assert.False(memory.Shared);
        Assert.DoesNotContain("1-1-3", Directory.EnumerateFiles(folder["templates/k.holders"]).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Memory_ThatChanged_IsRefused()
    {
        var (path, file) = await MemoryAsync();
        using (var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Write))
        {
            RandomAccess.Write(handle, "!"u8, 300_001);
        }

        using var memory = new TemplateMemory(folder["templates"], "k");
        await Assert.ThrowsAsync<TemplateBrokenException>(() => memory.OpenAsync(path, file, time, Token));
    }

    private static TemplateFacts Facts(int cpus) => new(new string('a', 64), cpus, 1 << 20, "tcg", "QEMU 7.2", "qemu64", "-device x");

    private TemplateStore Store() => new(folder.Path, time, long.MaxValue, null);

    private async Task<string> MakeAsync(TemplateFacts facts, int bytes)
    {
        using var draft = Store().TryBegin(facts)!;
        await File.WriteAllBytesAsync(draft.PathOf("state"), new byte[bytes], Token);
        await File.WriteAllTextAsync(draft.PathOf("disk"), "d", Token);
        await draft.PublishAsync(7, time.GetUtcNow(), new Dictionary<string, string>(), Token);
        return facts.Key;
    }

    /// <summary>A file of 20 MiB with three bytes in it.</summary>
    private async Task<(string Path, TemplateFile File)> MemoryAsync()
    {
        Directory.CreateDirectory(folder["templates"]);
        var path = folder["templates/ram"];
        await File.WriteAllBytesAsync(path, [], Token);
        using var source = TemplateMemory.Create("test", 20 << 20);
        RandomAccess.Write(source, [1, 2, 3], 300_000);
        using var target = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.SetLength(target, 20 << 20);
        return (path, new TemplateFile("ram", 20 << 20, default, SparseCopy.Run(source, target, 20 << 20, Token)));
    }
}
