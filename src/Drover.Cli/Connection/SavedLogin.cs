using System.Text.Json.Nodes;
using Drover.Cli.Local;
using Drover.Cli.Output;

namespace Drover.Cli.Connection;

/// <summary>What <c>drover login</c> keeps: a server with either a token or a key pair.</summary>
internal sealed record SavedLogin(Uri Url, string? Token, string? AccessKey, string? SecretKey, string? User)
{
    /// <summary><c>${XDG_CONFIG_HOME:-~/.config}/drover/login.json</c>, readable by its owner only.</summary>
    public static string FileOf(CliContext context) => Path.Combine(context.UserFolder("XDG_CONFIG_HOME", ".config"), "drover", "login.json");

    public static SavedLogin? Read(string file)
    {
        if (DataFolder.TryRead(file) is not { } json
            || !Uri.TryCreate(json.Text("url"), UriKind.Absolute, out var url))
        {
            return null;
        }

        var login = new SavedLogin(url, json.Text("token"), json.Text("accessKey"), json.Text("secretKey"), json.Text("user"));
        return login is { Token: null } and ({ AccessKey: null } or { SecretKey: null }) ? null : login;
    }

    /// <summary>Written beside and renamed, so that a reader sees the old file or the new one.</summary>
    public void Write(string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var json = new JsonObject { ["url"] = Url.AbsoluteUri };
        foreach (var (name, value) in new[] { ("token", Token), ("accessKey", AccessKey), ("secretKey", SecretKey), ("user", User) })
        {
            if (value is not null)
            {
                json[name] = value;
            }
        }

        PrivateFile.Replace(file, ListingWriter.Line(json));
    }
}
