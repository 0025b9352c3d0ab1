using System.ComponentModel.DataAnnotations;
using System.ComponentModel.DataAnnotations.Schema;
using System.Text.Json.Nodes;

namespace Drover.Server.Storage;

/// <summary>A row with a number.</summary>
internal interface IRow
{
    long Id { get; }
}

/// <summary>What every stored resource has: Cattle's common columns, a bag for the fields without a column, and a version for compare-and-set.</summary>
/// <remarks>Only the capability that owns a table writes its rows. <see cref="State"/> moves only along the type's <c>Lifecycle</c>.</remarks>
internal abstract class ResourceRow : IRow
{
    public long Id { get; set; }

    [MaxLength(128)]
    public string Uuid { get; set; } = "";

    [MaxLength(255)]
    public string? Name { get; set; }

    [MaxLength(1024)]
    public string? Description { get; set; }

    [MaxLength(64)]
    public string Kind { get; set; } = "";

    [MaxLength(32)]
    public string State { get; set; } = "";

    /// <summary>The tenant, user or system account that owns the row.</summary>
    public long? AccountId { get; set; }

    public DateTimeOffset Created { get; set; }

    public DateTimeOffset? Removed { get; set; }

    /// <summary>When a removed row loses its data for good.</summary>
    public DateTimeOffset? RemoveTime { get; set; }

    /// <summary>The last process ended badly; <see cref="TransitioningMessage"/> says why.</summary>
    public bool TransitioningError { get; set; }

    public string? TransitioningMessage { get; set; }

    public int? TransitioningProgress { get; set; }

    /// <summary>Fields of the API without a column of their own.</summary>
    public JsonObject Fields { get; set; } = [];

    /// <summary>What handlers and the server keep beside the resource; shown to admin and service only.</summary>
    public JsonObject Data { get; set; } = [];

    [ConcurrencyCheck]
    public long Version { get; set; }
}

/// <summary>An account: admin, user, service, agent, or an environment (kind <c>project</c>).</summary>
internal sealed class AccountRow : ResourceRow;

/// <summary>One member of an environment; <see cref="ResourceRow.AccountId"/> is the environment.</summary>
internal sealed class ProjectMemberRow : ResourceRow
{
    public long ProjectId { get; set; }

    [MaxLength(32)]
    public string Role { get; set; } = "";

    [MaxLength(64)]
    public string ExternalIdType { get; set; } = "";

    [MaxLength(128)]
    public string ExternalId { get; set; } = "";
}

/// <summary>Something that proves who one is: apiKey, password, agentApiKey, registrationToken or registryCredential (by kind). No secret is stored in clear.</summary>
internal sealed class CredentialRow : ResourceRow
{
    [MaxLength(128)]
    public string PublicValue { get; set; } = "";

    /// <summary>SHA-256 of a random secret, or the PBKDF2 text of a password.</summary>
    [MaxLength(256)]
    public string? SecretHash { get; set; }

    /// <summary>Registry credential only: the secret, sealed with the server's own, since a registry must be told it.</summary>
    [MaxLength(4096)]
    public string? Sealed { get; set; }

    /// <summary>Registry credential only: for which registry.</summary>
    public long? RegistryId { get; set; }

    /// <summary>Registration token only: the one machine it is for.</summary>
    public long? MachineId { get; set; }

    public DateTimeOffset? ExpiresAt { get; set; }

    /// <summary>The secret itself, in the request that made it and nowhere else.</summary>
    [NotMapped]
    public string? Revealed { get; set; }
}

/// <summary>A registry of container images that an environment uses.</summary>
internal sealed class RegistryRow : ResourceRow
{
    /// <summary>Its name in the names of images: <c>registry.example.com:5000</c>; Docker Hub is <c>index.docker.io</c>.</summary>
    [MaxLength(255)]
    public string ServerAddress { get; set; } = "";
}

/// <summary>A login. The token that the client holds is signed and names this row, so that logging out ends it.</summary>
internal sealed class SessionRow
{
    public long Id { get; set; }

    [MaxLength(64)]
    public string Key { get; set; } = "";

    public long AccountId { get; set; }

    public DateTimeOffset Created { get; set; }

    public DateTimeOffset ExpiresAt { get; set; }
}

internal sealed class SettingRow
{
    [Key]
    [MaxLength(128)]
    public string Name { get; set; } = "";

    [MaxLength(4096)]
    public string Value { get; set; } = "";
}

/// <summary>A change that somebody made through the API.</summary>
internal sealed class AuditRow : IRow
{
    public long Id { get; set; }

    public DateTimeOffset Created { get; set; }

    /// <summary>The account that is changed in: the environment, or the user's own.</summary>
    public long? AccountId { get; set; }

    /// <summary>The account that did it.</summary>
    public long? AuthenticatedAsAccountId { get; set; }

    [MaxLength(32)]
    public string AuthType { get; set; } = "";

    /// <summary>Such as <c>api.machine.create</c>.</summary>
    [MaxLength(128)]
    public string EventType { get; set; } = "";

    [MaxLength(64)]
    public string ResourceType { get; set; } = "";

    public long? ResourceId { get; set; }

    [MaxLength(64)]
    public string ClientIp { get; set; } = "";

    [MaxLength(1024)]
    public string Description { get; set; } = "";
}
