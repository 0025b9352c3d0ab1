namespace Drover.LocalMesos;

/// <summary>A durable write failed. What is in memory may be ahead of what is stored, so its owner stops instead of going on.</summary>
public sealed class CheckpointException(string step, Exception inner) : Exception($"The write '{step}' failed: {inner.Message}", inner);
