using System.Text.Json.Nodes;

namespace Drover.Web.Containers;

/// <summary>What the server offers to do with a container now, for this user.</summary>
[Flags]
public enum ContainerVerbs
{
    None = 0,
    Start = 1,
    Stop = 2,
    Restart = 4,
    Remove = 8,
    Logs = 16,
    Execute = 32,
}

/// <summary>The verbs' names on the wire.</summary>
internal static class ContainerVerbsOf
{
    private static readonly (string Name, ContainerVerbs Verb)[] Names =
    [
        ("start", ContainerVerbs.Start), ("stop", ContainerVerbs.Stop), ("restart", ContainerVerbs.Restart),
        ("remove", ContainerVerbs.Remove), ("logs", ContainerVerbs.Logs), ("execute", ContainerVerbs.Execute),
    ];

    public static ContainerVerbs Actions(JsonObject? actions)
    {
        var verbs = ContainerVerbs.None;
        foreach (var (name, verb) in Names)
        {
            if (actions?.ContainsKey(name) == true)
            {
                verbs |= verb;
            }
        }

        // What may be stopped may be deleted while it runs, although its action is offered only when it has stopped.
        return verbs.HasFlag(ContainerVerbs.Stop) ? verbs | ContainerVerbs.Remove : verbs;
    }

    public static string Name(this ContainerVerbs verb) => Names.First(n => n.Verb == verb).Name;

    /// <summary>For a button.</summary>
    public static string Label(this ContainerVerbs verb) => verb switch
    {
        ContainerVerbs.Execute => "Shell",
        _ => verb.ToString(),
    };
}
