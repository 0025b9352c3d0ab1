using Drover.Executor.Usage;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Executor.Tests.Usage;

public sealed class CpuPressureTests
{
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Calm_ComesWhenNobodyHasToWaitAnyMore()
    {
        var scarce = TimeSpan.FromSeconds(3);

        Assert.True(await PassAsync(TimeSpan.FromSeconds(30), now => now < scarce ? now : scarce) >= scarce);
    }

    [Fact]
    public async Task Calm_ThatNeverComes_IsGivenUp()
    {
        var longest = TimeSpan.FromSeconds(2);

        Assert.True(await PassAsync(longest, now => now) >= longest);
    }

    [Fact]
    public async Task Calm_WithLittleWaiting_IsThereAfterOneLook() =>
        Assert.True(await PassAsync(TimeSpan.FromHours(1), now => now * 0.2) < TimeSpan.FromMinutes(1));

    [Fact]
    public void Calm_WhereNothingIsCounted_IsThereAtOnce() =>
        Assert.True(new CpuPressure(_time, () => null).CalmAsync(TimeSpan.FromHours(1), Token).IsCompletedSuccessfully);

    [Theory]
    [InlineData("some avg10=25.36 avg60=61.95 avg300=39.34 total=623548324\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n", 623548324L)]
    [InlineData("full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n", null)]
    [InlineData("some avg10=25.36 total=many\n", null)]
    [InlineData("", null)]
    public void Parse_TakesTheTotalOfSome(string text, long? microseconds) => Assert.Equal(microseconds, CpuPressure.Parse(text)?.TotalMicroseconds);

    /// <summary>Lets time pass until there is calm.</summary>
    /// <returns>How much.</returns>
    private async Task<TimeSpan> PassAsync(TimeSpan longest, Func<TimeSpan, TimeSpan> stalled)
    {
        var began = _time.GetUtcNow();
        var calm = new CpuPressure(_time, () => stalled(_time.GetUtcNow() - began)).CalmAsync(longest, Token);
        while (!calm.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        await calm;
        return _time.GetUtcNow() - began;
    }
}
