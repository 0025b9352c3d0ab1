namespace Drover.Server.Api.Registry;

/// <summary>Who is calling: the kind of account, or the caller's part in the environment that is chosen (cattle-api §1.8, §5.1).</summary>
[Flags]
internal enum Roles
{
    None = 0,

    /// <summary>No credentials.</summary>
    Anonymous = 1,

    /// <summary>A host that holds a registration token.</summary>
    Register = 2,

    /// <summary>An agent's own key.</summary>
    Agent = 4,

    /// <summary>A person outside any environment.</summary>
    User = 8,

    ReadOnly = 16,
    Restricted = 32,
    Member = 64,
    Owner = 128,

    /// <summary>An environment's key.</summary>
    Project = 256,

    /// <summary>A part of the control plane, such as the scheduler. Sees all environments.</summary>
    Service = 512,

    /// <summary>An administrator outside any environment. Sees all environments.</summary>
    Admin = 1024,

    /// <summary>May change infrastructure: machines, hosts, registration tokens.</summary>
    Infrastructure = Member | Owner | Project | Service | Admin,

    InEnvironment = ReadOnly | Restricted | Member | Owner | Project,

    People = User | InEnvironment | Admin,

    /// <summary>Everyone with credentials, except hosts and their agents.</summary>
    Clients = People | Service,

    Known = Clients | Agent | Register,
}

/// <summary>What may be done with a type.</summary>
[Flags]
internal enum Verbs
{
    None = 0,
    Read = 1,
    Create = 2,
    Update = 4,
    Delete = 8,

    /// <summary>Actions; each has its own roles beside.</summary>
    Act = 16,

    All = Read | Create | Update | Delete | Act,
}

/// <summary>A type's access rule: verbs per role. What is not said is forbidden.</summary>
internal sealed class AccessTable
{
    private readonly Dictionary<Roles, Verbs> _byRole = [];

    public AccessTable Allow(Roles roles, Verbs verbs)
    {
        foreach (var role in Each(roles))
        {
            _byRole[role] = _byRole.GetValueOrDefault(role) | verbs;
        }

        return this;
    }

    public Verbs Of(Roles role) => _byRole.GetValueOrDefault(role);

    /// <summary>Whether anybody may; if not, the method does not exist.</summary>
    public bool Anyone(Verbs verb) => _byRole.Values.Any(v => v.HasFlag(verb));

    public bool IsEmpty => _byRole.Count == 0;

    public static IEnumerable<Roles> Each(Roles roles)
    {
        for (var bit = 1; bit <= (int)Roles.Admin; bit <<= 1)
        {
            if (((int)roles & bit) != 0)
            {
                yield return (Roles)bit;
            }
        }
    }
}
