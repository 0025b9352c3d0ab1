using System.Text.Json.Nodes;

namespace Drover.Scheduler.Storage;

/// <summary>Something that must reach the server, stored before it is sent and kept until the server took it.</summary>
/// <param name="Id">Ascending; given by the store.</param>
/// <param name="MachineId">Whom it is about.</param>
/// <param name="Method">HTTP method; always POST today.</param>
/// <param name="Path">Below the API root: <c>publish</c>, or an action of the machine.</param>
/// <param name="Body">As it is sent.</param>
internal sealed record OutboxItem(long Id, string MachineId, string Method, string Path, JsonObject Body);
