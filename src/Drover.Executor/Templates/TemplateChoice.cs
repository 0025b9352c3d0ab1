using Drover.Api.Machines;
using Drover.Executor.Machines;

namespace Drover.Executor.Templates;

/// <summary>Looks into the store and decides, for every driver alike.</summary>
internal static class TemplateChoice
{
    /// <returns>The way, and, when it is a copy, the template to copy, in use from now on.</returns>
    internal static (StartChoice Start, TemplateLease? Template) Of(MachineTask task, TemplateFacts facts, TemplateStore store)
    {
        if (task.Kind != TaskKind.Template && StartDecision.WhyNever(task) is { } never)
        {
            return (StartDecision.Never(task, never), null);
        }

        var (finding, lease) = store.Take(facts.Key);
        var start = StartDecision.Decide(task, facts.Key, finding);
        if (start.Way == StartWay.Template)
        {
            return (start, lease);
        }

        lease?.Dispose();
        return (start, null);
    }

    /// <summary>The right to make the template, once nobody else makes it; without a draft it was made meanwhile.</summary>
    internal static async Task<(TemplateDraft? Draft, StartChoice Start)> BeginAsync(
        MachineTask task, TemplateFacts facts, TemplateStore store, TimeProvider time, IProgress<string> progress, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (store.WhyNot() is { } refused)
            {
                throw new MachineException(refused);
            }

            var draft = store.TryBegin(facts);
            var (finding, lease) = store.Take(facts.Key);
            lease?.Dispose();
            if (draft is not null && finding is TemplateFinding.Ready)
            {
                draft.Dispose();
                draft = null;
            }

            if (draft is not null || finding is TemplateFinding.Ready)
            {
                return (draft, StartDecision.Decide(task, facts.Key, finding));
            }

            progress.Report("Another task of this computer makes the same template.");
            await Task.Delay(TimeSpan.FromMilliseconds(200), time, cancellationToken);
        }
    }
}
