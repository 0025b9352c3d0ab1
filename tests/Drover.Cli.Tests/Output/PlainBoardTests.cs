using Drover.Cli.Output;

namespace Drover.Cli.Tests.Output;

public sealed class PlainBoardTests
{
    private static readonly DateTimeOffset Began = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Show_EachStepOnce_WhenItEnds()
    {
        Assert.Equal(
            "boot … done 14.2 s\n",
            await WrittenAsync(
                new Step("", "boot", StepState.Running, Began, null, "QEMU is started"),
                new Step("", "boot", StepState.Done, Began, TimeSpan.FromSeconds(14.2)),
                new Step("", "boot", StepState.Done, Began, TimeSpan.FromSeconds(14.2))));
    }

    [Fact]
    public async Task Show_WhatItWaitsFor_WheneverThatChanges()
    {
        Assert.Equal(
            "queue … waiting: needs 2 CPUs\nqueue … waiting: needs 2 CPUs, 1 ahead\n",
            await WrittenAsync(
                new Step("", "queue", StepState.Running, Began, null, "waiting: needs 2 CPUs", IsNews: true),
                new Step("", "queue", StepState.Running, Began, null, "waiting: needs 2 CPUs", IsNews: true),
                new Step("", "queue", StepState.Running, Began, null, "waiting: needs 2 CPUs, 1 ahead", IsNews: true)));
    }

    [Fact]
    public async Task Show_SeveralHosts_AreToldApart_AndFailuresSayWhy()
    {
        Assert.Equal(
            "web-1 disk … done 0.1 s\nweb-2 disk … failed 0.3 s: no space\\x1b[2J\n",
            await WrittenAsync(
                new Step("web-1", "disk", StepState.Done, Began, TimeSpan.FromSeconds(0.1)),
                new Step("web-2", "disk", StepState.Failed, Began, TimeSpan.FromSeconds(0.3), "no space\u001b[2J")));
    }

    private static async Task<string> WrittenAsync(params Step[] steps)
    {
        using var output = new StringWriter();
        await using (var board = new PlainBoard(output))
        {
            foreach (var step in steps)
            {
                board.Show(step);
            }
        }

        return output.ToString();
    }
}
