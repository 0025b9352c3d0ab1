namespace Drover.Executor.Machines;

/// <summary>How a machine comes up.</summary>
/// <param name="Way">A name of <see cref="Drover.Api.Machines.StartWay"/>.</param>
/// <param name="Reason">Why this way and no faster one: a sentence for people.</param>
/// <param name="TemplateKey">Of the template that it could have started from; null for a machine that never does.</param>
/// <param name="Template">A name of <see cref="Drover.Api.Machines.TemplateState"/>. With a template task, <c>used</c> means that its template exists already.</param>
internal sealed record StartChoice(string Way, string Reason, string? TemplateKey, string Template);
