using Drover.Server.Agents;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Schemas;
using Drover.Server.Audit;
using Drover.Server.Consoles;
using Drover.Server.Containers;
using Drover.Server.Containers.Access;
using Drover.Server.Containers.Orders;
using Drover.Server.Events;
using Drover.Server.Hosts;
using Drover.Server.Identity;
using Drover.Server.Images;
using Drover.Server.Machines;
using Drover.Server.Pool;
using Drover.Server.Processes;
using Drover.Server.Registries;
using Drover.Server.Settings;
using Microsoft.Extensions.DependencyInjection;

namespace Drover.Server;

/// <summary>The list of all types of the API.</summary>
internal static class Types
{
    public static IEnumerable<ResourceType> All(IServiceProvider services)
    {
        T Get<T>()
            where T : notnull => services.GetRequiredService<T>();
        var (engine, options, time) = (Get<ProcessEngine>(), Get<ServerOptions>(), Get<TimeProvider>());

        // Identity
        yield return new AccountType { Name = "account", Plural = "accounts", IdLetters = "a" };
        yield return new ProjectType(Get<ProjectRemoval>()) { Name = "project", Plural = "projects", BaseName = "account", IdLetters = "a" };
        yield return new ProjectMemberType { Name = "projectMember", Plural = "projectMembers", IdLetters = "pm" };
        yield return new ApiKeyType { Name = "apiKey", Plural = "apiKeys", BaseName = "credential", IdLetters = "c" };
        yield return new PasswordType(Get<Passwords>(), Get<ServerFiles>()) { Name = "password", Plural = "passwords", BaseName = "credential", IdLetters = "c" };
        yield return new TokenType(Get<Passwords>(), Get<SessionTokens>(), Get<LoginThrottle>()) { Name = "token", Plural = "tokens" };

        // Machines and hosts
        yield return new MachineType(engine, Get<MachineConsole>(), Get<MachineUsageLink>(), Get<MachineExpiry>(), Get<ImageShelf>(), Get<ConsoleTickets>(), options) { Name = "machine", Plural = "machines", BaseName = "physicalHost", IdLetters = "ph" };
        yield return new PhysicalHostType { Name = "physicalHost", Plural = "physicalHosts", IdLetters = "ph" };
        yield return new MachineTrialType(Get<EventRequests>(), Get<ImageShelf>(), options) { Name = "machineTrial", Plural = "machineTrials" };
        yield return MesosConfig.Type(options.DefaultNetwork);
        foreach (var embedded in MachineCommands.Inputs().Concat(ConsoleAction.Types()).Append(MachineClone.Input()))
        {
            yield return embedded;
        }

        yield return new ConsoleType(Get<ConsoleTickets>(), Get<EventRequests>(), options, Get<ServerStopping>(), time) { Name = "console", Plural = ConsoleAction.Path };

        yield return new HostType(Get<HostLoads>(), Get<LoadPast>(), engine, Get<AgentRemoval>(), Get<HostStreams>(), Get<StreamTokens>(), Get<Inventories>(), Get<ContainerBoard>()) { Name = "host", Plural = "hosts", IdLetters = "h" };

        // Containers
        yield return new ContainerType(Get<ContainerBoard>(), Get<Inventories>(), Get<ContainerOrders>(), Get<StreamTokens>(), time) { Name = "container", Plural = "containers", BaseName = "instance", IdLetters = "i", InEnvironment = true };
        yield return ContainerFields.RestartPolicyType();
        foreach (var embedded in ContainerAccess.Types().Concat(HostAccess.Types()))
        {
            yield return embedded;
        }

        yield return new LogsType(Get<StreamServices>()) { Name = LogsType.Path, Plural = LogsType.Path };
        yield return new ExecType(Get<StreamServices>()) { Name = ExecType.Path, Plural = ExecType.Path };
        yield return new StatsType(Get<StreamServices>()) { Name = StatsType.Path, Plural = StatsType.Path };
        yield return new HostStatsType(Get<StreamServices>(), Get<HostLoads>()) { Name = HostStatsType.Path, Plural = HostStatsType.Path };
        yield return new PullType(Get<StreamServices>(), Get<RegistryLogins>()) { Name = PullType.Path, Plural = PullType.Path };
        yield return new RegistryType { Name = "registry", Plural = "registries", IdLetters = "sp", InEnvironment = true };
        yield return new RegistryCredentialType(Get<Secrets>()) { Name = "registryCredential", Plural = "registryCredentials", BaseName = "credential", IdLetters = "c", InEnvironment = true };

        yield return new PoolType(Get<PoolBoard>(), options) { Name = "pool", Plural = "pools" };

        // Agents and their registration
        yield return new AgentType { Name = "agent", Plural = "agents", IdLetters = "a" };
        yield return new RegistrationTokenType(Get<RegistrationTokens>(), Get<PublicAddress>(), options) { Name = "registrationToken", Plural = "registrationTokens", BaseName = "credential", IdLetters = "c" };
        yield return new RegisterType(Get<AgentRegistration>()) { Name = "register", Plural = "register", Aliases = ["registers"], BaseName = "genericObject", IdLetters = "go" };
        yield return new ScriptType(Get<RegistrationTokens>(), Get<PublicAddress>()) { Name = "script", Plural = "scripts" };
        yield return new ConfigContentType { Name = "configContent", Plural = "configContents", Aliases = ["configcontent"] };
        yield return new AgentLinkType(Get<AgentLinks>(), Get<AgentPresence>(), options, Get<ServerStopping>(), time) { Name = "agentlink", Plural = "agentlink" };

        // Processes and events
        yield return new ProcessInstanceType { Name = "processInstance", Plural = "processInstances", Aliases = ["process", "processes"], IdLetters = "pi" };
        yield return new ExternalHandlerType(engine) { Name = "externalHandler", Plural = "externalHandlers", IdLetters = "eh" };
        yield return new ExternalHandlerProcessType { Name = "externalHandlerProcess", Plural = "externalHandlerProcesses", IdLetters = "ehp" };
        yield return new ExternalHandlerMapType { Name = "externalHandlerExternalHandlerProcessMap", Plural = "externalHandlerExternalHandlerProcessMaps", IdLetters = "eehpm" };
        yield return ExternalHandlerType.ConfigType();
        yield return new SubscribeType(Get<EventHub>(), engine, Get<ServerStopping>(), time) { Name = "subscribe", Plural = "subscribe" };
        yield return new PublishType(Get<ProcessReplies>(), Get<EventRequests>(), Get<EventHub>(), time) { Name = "publish", Plural = "publish" };

        // Images
        yield return new HostImageType(Get<ImageShelf>(), Get<ImageIntake>(), Get<ImageIntakes>(), time) { Name = "hostImage", Plural = "hostImages" };

        // The rest
        yield return new SettingType(Get<PublicAddress>(), Get<PoolBoard>()) { Name = "setting", Plural = "settings" };
        yield return new AuditLogType { Name = "auditLog", Plural = "auditLogs", IdLetters = "al" };
        yield return new SchemaType(Get<ResourceRegistry>) { Name = "schema", Plural = "schemas" };
        yield return Embedded("apiVersion", "apiVersions");
        yield return Embedded("error", "errors", ("status", "int"), ("code", "string"), ("message", "string"), ("detail", "string"), ("fieldName", "string"));
        yield return Embedded("identity", "identities", ("externalId", "string"), ("externalIdType", "string"), ("login", "string"), ("name", "string"));
        yield return Embedded("changeSecretInput", "changeSecretInputs", ("oldSecret", "string"), ("newSecret", "string"));
        yield return Embedded("setProjectMembersInput", "setProjectMembersInputs", ("members", "array[projectMember]"));
        yield return Embedded("machineErrorInput", "machineErrorInputs", ("message", "string"), ("data", "map[json]"));
    }

    private static EmbeddedType Embedded(string name, string plural, params (string Name, string Type)[] fields)
    {
        var type = new EmbeddedType { Name = name, Plural = plural };
        foreach (var (field, kind) in fields)
        {
            type.Plain(field, kind).Creatable();
        }

        return type;
    }
}
