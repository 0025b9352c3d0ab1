using Drover.Server.Events;
using Drover.Server.Storage;

namespace Drover.Server.Tests.Events;

public class EventAllowanceTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly RowChange Machine = new(typeof(MachineRow), 1);

    [Fact]
    public void Allowance_TenChangesAtOnce_AreToldAtOnceAndTheNextWaitsForTheSecond()
    {
        var allowance = new EventAllowance();
        for (var i = 0; i < 10; i++)
        {
            Assert.True(allowance.TryTake(Machine, Now.AddMilliseconds(i), out _));
        }

        Assert.False(allowance.TryTake(Machine, Now.AddMilliseconds(500), out var free));
        Assert.Equal(Now.AddSeconds(1), free);
        Assert.True(allowance.TryTake(Machine, free, out _));
        Assert.False(allowance.TryTake(Machine, free, out _));
    }

    [Fact]
    public void Allowance_OfAnotherResource_IsItsOwn()
    {
        var allowance = new EventAllowance();
        for (var i = 0; i < 10; i++)
        {
            allowance.TryTake(Machine, Now, out _);
        }

        Assert.True(allowance.TryTake(Machine with { Id = 2 }, Now, out _));
        allowance.Forget(Now.AddSeconds(1));
        Assert.True(allowance.TryTake(Machine, Now.AddSeconds(1), out _));
    }
}
