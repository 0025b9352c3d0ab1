using System.Text;
using System.Text.Json.Nodes;

namespace Drover.Scenarios.Tests;

/// <summary>Pulls from a registry that asks for a login: Debian's own registry in a container of the host, whose Docker trusts its own loopback without TLS.</summary>
[Trait("needs", "qemu")]
public sealed class RegistryScenarios
{
    private const string Program = "/usr/bin/docker-registry";
    private const string Address = "127.0.0.1:5000";
    private const string Image = $"{Address}/shop/bb:1";
    private const string Password = "correct horse";

    /// <summary>That password as bcrypt has it, at its least cost: emulation takes seconds for the usual one.</summary>
    private const string Users = "keeper:$2b$04$BwDQnLXVpydzvjGVkb01g.aRZ69x9o1RBTxPk4KwGcZVInOP6nMSK\n";

    private const string Configuration = """
        version: 0.1
        storage: { filesystem: { rootdirectory: /data } }
        http: { addr: ":5000" }
        auth: { htpasswd: { realm: shop, path: /users } }
        """;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pull_FromARegistryWithALogin_NeedsItsPassword_AndShowsProgress()
    {
        if (!File.Exists(Program))
        {
            Assert.Skip($"{Program} is not installed (apt-get install docker-registry)");
        }

        await using var drover = await DroverInstance.CreateWithTemplateAsync(Token);
        await drover.UpAsync(Token, "--host-name", "web-1");
        await BusyboxImage.ImportAsync(drover, "web-1", Token);
        await ServeAsync(drover);
        await PushAsync(drover);

        // Without a login, and with a wrong one, the registry's refusal is what the person reads.
        var refused = await drover.RunAsync(Token, "pull", Image, "--host", "web-1");
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("no basic auth credentials", refused.Output + refused.Error, StringComparison.Ordinal);
        await LoginAsync(drover, "wrong");
        Assert.NotEqual(0, (await drover.RunAsync(Token, "pull", Image, "--host", "web-1")).ExitCode);

        await LoginAsync(drover, Password);
        await drover.MustAsync(Token, "pull", Image, "--host", "web-1");
        Assert.Contains(Image[..Image.LastIndexOf(':')], (await drover.MustAsync(Token, "images")).Output, StringComparison.Ordinal);

        // A container pulls what it lacks; the order shows how far it is, layer by layer.
        await drover.MustAsync(Token, "docker", "web-1", "--", "rmi", Image);
        await drover.MustAsync(Token, "run", "-d", "--name", "pulled", Image, "--", "sleep", "1000");
        await Eventually.BecomesAsync(
            "the container runs", () => drover.MustAsync(Token, "ps", "--format", "json"),
            r => JsonNode.Parse(r.Output)!.AsArray().Any(c => (string?)c!["name"] == "pulled" && (string?)c["state"] == "running"), s_patience, Token);

        // The password is nowhere to be read.
        Assert.DoesNotContain(Password, (await drover.MustAsync(Token, "registry", "ls", "--format", "json")).Output, StringComparison.Ordinal);
        await drover.MustAsync(Token, "registry", "rm", Address);
        Assert.NotEqual(0, (await drover.RunAsync(Token, "pull", $"{Address}/shop/bb:2", "--host", "web-1")).ExitCode);
    }

    private static async Task ServeAsync(DroverInstance drover)
    {
        var root = Directory.CreateDirectory(Path.Combine(drover.Data, "registry")).FullName;
        foreach (var file in new[] { Program, "/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2" })
        {
            Directory.CreateDirectory(root + Path.GetDirectoryName(file));
            File.Copy(file, root + file);
        }

        await File.WriteAllTextAsync(Path.Combine(root, "config.yml"), Configuration, Token);
        await File.WriteAllTextAsync(Path.Combine(root, "users"), Users, Token);
        var archive = Path.Combine(drover.Data, "registry.tar");
        Assert.Equal(0, (await drover.RunProgramAsync("tar", null, Token, "-C", root, "-cf", archive, ".")).ExitCode);
        await drover.MustAsync(Token, "docker", "web-1", "--", "import", archive, "registry:1");
        await drover.MustAsync(Token, "docker", "web-1", "--", "run", "-d", "--name", "registry", "--network", "host", "registry:1", Program, "serve", "/config.yml");
    }

    /// <summary>With a docker of its own settings, as a person elsewhere would.</summary>
    private static async Task PushAsync(DroverInstance drover)
    {
        var settings = Directory.CreateDirectory(Path.Combine(drover.Data, "docker-settings")).FullName;
        var login = Convert.ToBase64String(Encoding.UTF8.GetBytes($"keeper:{Password}"));
        await File.WriteAllTextAsync(Path.Combine(settings, "config.json"), new JsonObject { ["auths"] = new JsonObject { [Address] = new JsonObject { ["auth"] = login } } }.ToJsonString(), Token);
        await drover.MustAsync(Token, "docker", "web-1", "--", "tag", BusyboxImage.Name, Image);
        await Eventually.BecomesAsync("the registry takes the image", () => drover.RunAsync(Token, "docker", "web-1", "--", "--config", settings, "push", Image), r => r.ExitCode == 0, s_patience, Token);
        await drover.MustAsync(Token, "docker", "web-1", "--", "rmi", Image, BusyboxImage.Name);
    }

    private static async Task LoginAsync(DroverInstance drover, string password)
    {
        var added = await drover.RunProgramAsync(Path.Combine(DroverInstance.Programs, "drover"), Encoding.UTF8.GetBytes(password + "\n"), Token, "registry", "add", Address, "--user", "keeper", "--password-stdin");
        Assert.Equal(0, added.ExitCode);
    }
}
