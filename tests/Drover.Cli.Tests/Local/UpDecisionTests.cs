using System.Net;
using System.Net.Sockets;
using Drover.Cli.Local;

namespace Drover.Cli.Tests.Local;

public sealed class UpDecisionTests
{
    private static readonly InstanceRecord Record = new(12, 34, new Uri("http://127.0.0.1:8080"), "0.1.0", "auto");
    private static readonly RunningProcess Daemon = new(56, 78, ["/opt/droverd", "--data", "/data/other"], null);
    private static readonly ListenAddress Listen = new(new IPEndPoint(IPAddress.Loopback, 8080));

    [Fact]
    public void Decide_RecordedProcessDoesNotAnswer_LooksAgain() =>
        Assert.Equal(new UpDecision.InBetween(Record.Pid), UpDecision.Decide(new UpFindings { Record = Record, RecordIsAlive = true }, Listen));

    [Fact]
    public void RecordOfALivingProcess_IsRunning_WhateverThePort() =>
        Assert.Equal(new UpDecision.AlreadyRunning(Record), UpDecision.Decide(new UpFindings { Record = Record, RecordIsAlive = true, RecordAnswers = true, Daemon = Daemon, Port = SocketError.AddressAlreadyInUse }, Listen));

    [Fact]
    public void DaemonWithoutRecord_IsBetweenTwoStates() =>
        Assert.Equal(new UpDecision.InBetween(56), UpDecision.Decide(new UpFindings { Daemon = Daemon, Port = SocketError.AddressAlreadyInUse }, Listen));

    [Fact]
    public void DaemonBesideAStaleRecord_IsBetweenTwoStates() =>
        Assert.Equal(new UpDecision.InBetween(56), UpDecision.Decide(new UpFindings { Record = Record, Daemon = Daemon }, Listen));

    [Fact]
    public void StaleRecord_Starts() => Assert.Equal(new UpDecision.Start(AfterCrash: true), UpDecision.Decide(new UpFindings { Record = Record }, Listen));

    [Fact]
    public void Nothing_Starts() => Assert.Equal(new UpDecision.Start(AfterCrash: false), UpDecision.Decide(new UpFindings(), Listen));

    [Fact]
    public void PortInUse_NamesTheOtherDrover_AndAFreeChoice()
    {
        var refuse = Assert.IsType<UpDecision.Refuse>(UpDecision.Decide(new UpFindings { Port = SocketError.AddressAlreadyInUse, PortOwner = Daemon }, Listen));
        Assert.Equal("127.0.0.1:8080 is in use by the Drover in /data/other (process 56).", refuse.Message);
        Assert.Contains("--listen 127.0.0.1:8081", refuse.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void PortInUse_ByAnUnknownOrOtherProgram_SaysWhatIsKnown()
    {
        Assert.True(Refusal(new UpFindings { Port = SocketError.AddressAlreadyInUse }).MayPass);
        Assert.False(Refusal(new UpFindings { Port = SocketError.AddressAlreadyInUse, PortOwner = Daemon }).MayPass);
        Assert.Equal("127.0.0.1:8080 is in use.", Refusal(new UpFindings { Port = SocketError.AddressAlreadyInUse }).Message);
        Assert.Equal("127.0.0.1:8080 is in use by nginx (process 9).", Refusal(new UpFindings { Port = SocketError.AddressAlreadyInUse, PortOwner = new RunningProcess(9, 1, ["/usr/sbin/nginx", "-g"], null) }).Message);
    }

    [Theory]
    [InlineData(SocketError.AccessDenied, "may not listen")]
    [InlineData(SocketError.AddressNotAvailable, "no address of this machine")]
    [InlineData(SocketError.NetworkDown, "cannot be listened on")]
    public void PortNotToBeHad_SaysWhy(SocketError error, string words) =>
        Assert.Contains(words, Refusal(new UpFindings { Port = error }).Message, StringComparison.Ordinal);

    private static UpDecision.Refuse Refusal(UpFindings findings) => Assert.IsType<UpDecision.Refuse>(UpDecision.Decide(findings, Listen));
}
