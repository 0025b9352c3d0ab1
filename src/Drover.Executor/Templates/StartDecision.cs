using Drover.Api;
using Drover.Api.Machines;
using Drover.Executor.Machines;

namespace Drover.Executor.Templates;

/// <summary>What this computer's store has under a machine's key.</summary>
internal abstract record TemplateFinding
{
    /// <summary>A template that looks whole.</summary>
    internal sealed record Ready(long DiskBytes) : TemplateFinding;

    internal sealed record Absent : TemplateFinding;

    /// <summary>Somebody makes it just now.</summary>
    internal sealed record BeingMade : TemplateFinding;

    /// <summary>What lies in the store may not be believed.</summary>
    internal sealed record Refused(string Cause) : TemplateFinding;

    /// <summary>It was not what it should be, and was thrown away.</summary>
    internal sealed record Broken(string Cause) : TemplateFinding;
}

/// <summary>Copy or boot: the one place that decides. Pure.</summary>
internal static class StartDecision
{
    /// <summary>Why a machine of this task is never a copy, whatever the store holds. Null: it may be one.</summary>
    internal static string? WhyNever(MachineTask task) =>
        task.Image.Kind != ImageKind.Drover ? "a foreign image boots and sets itself up; only Drover's own has templates"
        : task.StartFrom == "cold" ? "a cold boot was asked for"
        : task.Disks.Count > 0 ? "a machine with extra disks boots: copies have the disk of their template only"
        : task.Display == MachineDisplay.Vga ? "a machine with a screen boots: templates have none"
        : null;

    internal static StartChoice Never(MachineTask task, string why) =>
        new(task.Image.Kind == ImageKind.Drover ? StartWay.Cold : StartWay.CloudImage, Sentence(why), null, TemplateState.Off);

    internal static StartChoice Decide(MachineTask task, string key, TemplateFinding finding) => (task.Kind, finding) switch
    {
        (TaskKind.Template, TemplateFinding.Ready) => new(StartWay.Cold, "The template exists.", key, TemplateState.Used),
        (_, TemplateFinding.Refused refused) => new(StartWay.Cold, $"{refused.Cause} It boots.", key, TemplateState.Off),
        (TaskKind.Template, _) => new(StartWay.Cold, "It boots in order to become the template.", key, TemplateState.Absent),
        (_, TemplateFinding.Ready ready) when ready.DiskBytes > task.DiskBytes =>
            new(StartWay.Cold, $"The template's disk has {new ByteSize(ready.DiskBytes).ToDisplayString()}, and this machine's is to be smaller: it boots.", key, TemplateState.Off),
        (_, TemplateFinding.Ready) => new(StartWay.Template, "A copy of this computer's template for this image and size. Memory that it has used stays with it; a machine that boots (--start-from cold) gives back what it frees.", key, TemplateState.Used),
        (_, TemplateFinding.BeingMade) => new(StartWay.Cold, "The template for this image and size is being made just now: it boots.", key, TemplateState.Absent),
        (_, TemplateFinding.Broken broken) => Broken(key, broken.Cause),
        _ => new(StartWay.Cold, "This computer has no template for this image and size yet: it boots.", key, TemplateState.Absent),
    };

    /// <summary>A copy that did not come up, and whether its template is to blame.</summary>
    internal static StartChoice Failed(string key, string cause, bool thrownAway) => thrownAway
        ? Broken(key, cause)
        : new(StartWay.Cold, $"{Sentence(cause)} It boots instead.", key, TemplateState.Used);

    private static StartChoice Broken(string key, string cause) => new(StartWay.Cold, $"The template was thrown away: {cause} It boots instead.", key, TemplateState.Broken);

    private static string Sentence(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..].TrimEnd('.') + ".";
}
