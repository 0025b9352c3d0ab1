namespace Drover.Server.Containers.Orders;

/// <summary>A container cannot be made as it was asked for; the message says why, for the person who asked.</summary>
internal sealed class OrderFailure(string message) : Exception(message);
