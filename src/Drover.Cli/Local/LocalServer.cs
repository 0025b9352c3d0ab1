using Drover.Api.Cattle;
using Drover.Cli.Connection;

namespace Drover.Cli.Local;

/// <summary>The API of a local instance that is known to run, with its own key.</summary>
internal static class LocalServer
{
    public static Server Connect(DataFolder data, InstanceRecord instance, CliContext context) =>
        data.ReadAdminKey() is { } key
            ? Server.Connect(context, new ServerChoice(instance.Url, CattleClient.Basic(key.AccessKey, key.SecretKey), key.ProjectId, $"the local instance in {data.Path}"), environment: null)
            : throw new CliFailure(ExitCode.NotAuthorised, $"The key of the local instance, {data.AdminKeyFile}, cannot be read.", "Run this as the user who started it.");
}
