namespace Drover.LocalMesos;

/// <summary>What a master refuses in a FrameworkInfo. Pure.</summary>
internal static class FrameworkValidation
{
    /// <summary>The text of the ERROR event; null when all is well.</summary>
    public static string? Refusal(FrameworkInfo info, IReadOnlyCollection<string> suppressedRoles)
    {
        var multiRole = info.Capabilities.Any(c => c.Type == FrameworkInfo.Types.Capability.Types.Type.MultiRole);
        if (multiRole && info.HasRole)
        {
            return "'FrameworkInfo.role' must not be set if the framework is MULTI_ROLE capable";
        }

        if (!multiRole && info.Roles.Count > 0)
        {
            return "'FrameworkInfo.roles' must not be set if the framework is not MULTI_ROLE capable";
        }

        var roles = MasterFramework.RolesOf(info);
        if (roles.Distinct(StringComparer.Ordinal).Count() != roles.Count)
        {
            return "'FrameworkInfo.roles' contains duplicate roles";
        }

        if (roles.FirstOrDefault(r => !IsRole(r)) is { } wrong)
        {
            return $"Role '{wrong}' is invalid";
        }

        if (suppressedRoles.FirstOrDefault(r => !roles.Contains(r)) is { } foreign)
        {
            return $"Suppressed role '{foreign}' is not contained in the list of roles";
        }

        if (info.Id is { Value.Length: > 0 } id && Identifiers.Refusal(id.Value) is { } reason)
        {
            return $"Framework ID is invalid: {reason}";
        }

        // Seconds that do not fit an int64 of nanoseconds. Negative ones are taken and act like 0.
        return double.IsNaN(info.FailoverTimeout) || info.FailoverTimeout > long.MaxValue / 1e9
            ? $"The framework failover_timeout ({info.FailoverTimeout}) is invalid"
            : null;
    }

    private static bool IsRole(string role) =>
        role == "*" || (role.Length > 0 && role.Split('/').All(c =>
            c.Length > 0 && c is not "." and not ".." and not "*" && c[0] != '-' && !c.Any(ch => char.IsWhiteSpace(ch) || ch == '\b')));
}

/// <summary>Rules of ids that frameworks choose: they become directory names.</summary>
internal static class Identifiers
{
    public static string? Refusal(string id) =>
        id.Length == 0 ? "ID must not be empty"
        : id.Length > 255 ? "ID must not be greater than 255 characters"
        : id is "." or ".." ? $"'{id}' is disallowed"
        : id.Any(c => char.IsControl(c) || c is '/' or '\\') ? $"'{id}' contains invalid characters"
        : null;
}
