namespace Drover.Server.Identity;

/// <summary>The kinds of account (cattle-api §5.1).</summary>
internal static class AccountKinds
{
    public const string Admin = "admin";
    public const string User = "user";
    public const string Project = "project";
    public const string Service = "service";
    public const string Agent = "agent";
    public const string Register = "register";

    /// <summary>Kinds that one may make through the API.</summary>
    public static IReadOnlyList<string> Creatable { get; } = [Admin, User, Service];
}

/// <summary>The kinds of credential.</summary>
internal static class CredentialKinds
{
    public const string ApiKey = "apiKey";
    public const string AgentApiKey = "agentApiKey";
    public const string Password = "password";
    public const string RegistrationToken = "registrationToken";
    public const string Registry = "registryCredential";
}
