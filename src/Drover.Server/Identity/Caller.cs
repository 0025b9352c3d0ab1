using Drover.Server.Api.Registry;

namespace Drover.Server.Identity;

/// <summary>Who is calling, and as what. See <see cref="Roles"/>.</summary>
internal sealed record Caller
{
    public static Caller Nobody { get; } = new() { Role = Roles.Anonymous };

    public required Roles Role { get; init; }

    /// <summary>The account that the call acts in and is limited to: the environment if one is chosen, else the caller's own.</summary>
    public long AccountId { get; init; }

    public string AccountKind { get; init; } = "";

    public string? AccountName { get; init; }

    /// <summary>The account that the credentials belong to.</summary>
    public long UserId { get; init; }

    /// <summary>The environment that is chosen, or null.</summary>
    public long? ProjectId { get; init; }

    /// <summary>With role <see cref="Roles.Agent"/>.</summary>
    public long? AgentId { get; init; }

    /// <summary>With role <see cref="Roles.Register"/>.</summary>
    public long? TokenId { get; init; }

    /// <summary>How the caller proved it: <c>BasicAuth</c>, <c>TokenAuth</c>, <c>RegistrationToken</c>; for the audit log.</summary>
    public string AuthType { get; init; } = "";

    /// <summary>The login's session, when there is one.</summary>
    public string? SessionKey { get; init; }

    /// <summary>The login came as a cookie, which a foreign page could make a browser send.</summary>
    public bool ByCookie { get; init; }

    public bool IsAnonymous => Role == Roles.Anonymous;

    /// <summary>Sees the rows of all accounts (cattle-api §5.1).</summary>
    public bool SeesAll => Role is Roles.Admin or Roles.Service;

    /// <summary>May hear and say events under their raw names.</summary>
    public bool IsRaw => Role == Roles.Service;
}
