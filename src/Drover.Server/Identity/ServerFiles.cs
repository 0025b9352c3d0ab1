using System.Text.Json;
using System.Text.Json.Nodes;

namespace Drover.Server.Identity;

/// <summary>The files below the data folder by which people and programs of this machine get in.</summary>
internal sealed class ServerFiles(ServerOptions options)
{
    public string ServerDirectory => Path.Combine(options.DataDirectory, "server");

    public string InitialPassword => Path.Combine(options.DataDirectory, "initial-password");

    public string AdminKey => Path.Combine(options.DataDirectory, "keys", "admin.json");

    public string ServiceKey => Path.Combine(options.DataDirectory, "keys", "service.json");

    public string? ReadInitialPassword() =>
        File.Exists(InitialPassword) && File.ReadAllText(InitialPassword).Trim() is { Length: >= Passwords.MinLength } text ? text : null;

    public void WriteInitialPassword(string password) => PrivateFile.Write(InitialPassword, password + "\n");

    public void RemoveInitialPassword() => File.Delete(InitialPassword);

    /// <summary>A key file's pair; null when it is missing or broken.</summary>
    public static (string AccessKey, string SecretKey, string? ProjectId)? ReadKey(string path)
    {
        try
        {
            return File.Exists(path) && JsonNode.Parse(File.ReadAllText(path)) is JsonObject json
                && (string?)json["accessKey"] is { Length: > 0 } access && (string?)json["secretKey"] is { Length: > 0 } secret
                    ? (access, secret, (string?)json["projectId"])
                    : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static void WriteKey(string path, string accessKey, string secretKey, string? projectId)
    {
        var json = new JsonObject { ["accessKey"] = accessKey, ["secretKey"] = secretKey };
        if (projectId is not null)
        {
            json["projectId"] = projectId;
        }

        PrivateFile.Write(path, json.ToJsonString() + "\n");
    }
}
