using Drover.Server.Processes;
using Drover.Server.Storage;

namespace Drover.Server.Tests.Processes;

public class HandlerDispatchTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly HandlerView First = new(1, "first", 500, 3, 1000, "p", null);
    private static readonly HandlerView Second = new(2, "second", 1000, null, null, "p", null);

    [Fact]
    public void Decide_BetweenHandlers_SendsToTheFirstThatHasNotAnswered()
    {
        var process = new ProcessRow { Phase = Phases.Handlers };
        Assert.Equal(new DispatchStep.Send(First), HandlerDispatch.Decide(process, [First, Second], Now));
        process.HandlersDone = HandlerDispatch.MarkAnswered(process.HandlersDone, 1);
        Assert.Equal(new DispatchStep.Send(Second), HandlerDispatch.Decide(process, [First, Second], Now));
        process.HandlersDone = HandlerDispatch.MarkAnswered(process.HandlersDone, 2);
        Assert.IsType<DispatchStep.AllAnswered>(HandlerDispatch.Decide(process, [First, Second], Now));
    }

    [Fact]
    public void Decide_AnsweredByHandler12_DoesNotCountForHandler1Or2()
    {
        var process = new ProcessRow { Phase = Phases.Handlers, HandlersDone = HandlerDispatch.MarkAnswered(",", 12) };
        Assert.False(HandlerDispatch.HasAnswered(process, 1));
        Assert.False(HandlerDispatch.HasAnswered(process, 2));
        Assert.True(HandlerDispatch.HasAnswered(process, 12));
    }

    [Theory]
    [InlineData(-1, 1, typeof(DispatchStep.KeepWaiting))]
    [InlineData(0, 1, typeof(DispatchStep.SendAgain))]
    [InlineData(0, 2, typeof(DispatchStep.SendAgain))]
    [InlineData(0, 3, typeof(DispatchStep.StartOver))]
    public void Decide_Waiting_SendsAgainUntilRetriesAreUsedUp(int secondsPastDeadline, int attempt, Type expected)
    {
        var process = new ProcessRow { Phase = Phases.Waiting, HandlerId = 1, Attempt = attempt, DueAt = Now };
        Assert.IsType(expected, HandlerDispatch.Decide(process, [First], Now.AddSeconds(secondsPastDeadline)));
    }

    [Fact]
    public void Decide_WithoutRetries_HasOneAttempt()
    {
        var process = new ProcessRow { Phase = Phases.Waiting, HandlerId = 2, Attempt = 1, DueAt = Now };
        Assert.IsType<DispatchStep.StartOver>(HandlerDispatch.Decide(process, [Second], Now));
    }

    [Fact]
    public void Decide_AskedHandlerIsGone_AsksOthers()
    {
        var process = new ProcessRow { Phase = Phases.Waiting, HandlerId = 1, Attempt = 1, DueAt = Now.AddHours(1) };
        Assert.IsType<DispatchStep.AskOthers>(HandlerDispatch.Decide(process, [Second], Now));
    }

    [Fact]
    public void Decide_NudgedBeforeTheDeadline_SendsAgain()
    {
        var process = new ProcessRow { Phase = Phases.Waiting, HandlerId = 1, Attempt = 1, DueAt = Now.AddHours(1) };
        Assert.IsType<DispatchStep.SendAgain>(HandlerDispatch.Decide(process, [First], Now, nudged: true));
    }

    [Theory]
    [InlineData(1, 2.1)]
    [InlineData(2, 2.2)]
    [InlineData(3, 2.4)]
    [InlineData(10, 53.2)]
    [InlineData(11, 104.4)]
    [InlineData(12, 120)]
    [InlineData(1000, 120)]
    public void Backoff_ByRun_GrowsToItsCap(int run, double seconds) => Assert.Equal(seconds, HandlerDispatch.Backoff(run).TotalSeconds, 3);
}
