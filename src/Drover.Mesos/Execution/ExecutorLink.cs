using ExecutorCall = Drover.Mesos.V1.Executor.Call;

namespace Drover.Mesos;

/// <summary>What a connection and its sessions share.</summary>
internal sealed record ExecutorLink(ExecutorEnvironment Environment, ExecutorConnectionOptions Options, TimeProvider Time)
{
    public Uri Endpoint { get; } = new(Environment.Agent, "/api/v1/executor");

    public MesosAuthorization? Authorization { get; } =
        Environment.AuthenticationToken is { } token ? MesosAuthorizations.Bearer(token) : null;

    public UpdateLedger Ledger { get; } = new();

    public ExecutorCall NewCall(ExecutorCall.Types.Type type) =>
        new() { Type = type, FrameworkId = Environment.FrameworkId, ExecutorId = Environment.ExecutorId };
}
