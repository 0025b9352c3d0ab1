using Drover.Scheduler.Requests;

namespace Drover.Scheduler.Tests.Requests;

public sealed class RequestLifecycleTests
{
    /// <summary>Every pair: rows are states, columns events; a dot means that the event has no meaning there.</summary>
    private const string Table =
        """
                   Placed   Alive      Ready    NotStarted  Ended  Remove    Refused  Abandoned  Moved   Discard
        Queued     Offered  .          .        .           .      Gone      Gone     Gone       .       Queued
        Offered    .        Launching  Running  Queued      Gone   Stopping  .        .          Queued  .
        Launching  .        Launching  Running  Queued      Gone   Stopping  .        .          Queued  .
        Running    .        Running    Running  .           Gone   Stopping  .        .          Queued  .
        Stopping   .        Stopping   Stopping Gone        Gone   Stopping  .        Gone       .       Queued
        Gone       .        .          .        .           .      Gone      .        .          .       Queued
        """;

    public static TheoryData<string, string, string> Pairs()
    {
        var rows = Table.Split('\n').Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        var data = new TheoryData<string, string, string>();
        foreach (var row in rows.Skip(1))
        {
            for (var i = 1; i < row.Length; i++)
            {
                data.Add(row[0], rows[0][i - 1], row[i]);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Next_EveryPair_IsAsDrawn(string state, string e, string next) =>
        Assert.Equal(next == "." ? null : Enum.Parse<RequestState>(next), RequestLifecycle.Next(Enum.Parse<RequestState>(state), Enum.Parse<RequestEvent>(e)));

    [Fact]
    public void Table_States_AreAllThere() =>
        Assert.Equal(Enum.GetValues<RequestState>().Length * Enum.GetValues<RequestEvent>().Length, Pairs().Count);

    [Fact]
    public void Remove_FromEveryState_EndsInGone()
    {
        foreach (var state in Enum.GetValues<RequestState>())
        {
            var next = RequestLifecycle.Next(state, RequestEvent.Remove);
            Assert.Contains(next!.Value, new[] { RequestState.Stopping, RequestState.Gone });
            Assert.Equal(RequestState.Gone, RequestLifecycle.Next(next.Value, next == RequestState.Gone ? RequestEvent.Remove : RequestEvent.Ended));
        }
    }
}
