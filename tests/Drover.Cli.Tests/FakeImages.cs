using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Drover.Cli.Tests;

/// <summary>A server's images in memory. What is asked for is there at the second look.</summary>
internal sealed class FakeImages : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeImages(WebApplication app) => _app = app;

    public Dictionary<string, JsonObject> Images { get; } = new(StringComparer.Ordinal);

    public List<string> Requests { get; } = [];

    /// <summary>The file that came.</summary>
    public byte[]? File { get; private set; }

    /// <summary>What becomes of an image that is fetched.</summary>
    public string EndsAs { get; set; } = "active";

    /// <summary>Refuses what follows with this sentence.</summary>
    public string? Refuses { get; set; }

    public static async Task<FakeImages> StartAsync(Terminal terminal)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var fake = new FakeImages(app);
        app.Run(fake.AnswerAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        (terminal.Variables["DROVER_URL"], terminal.Variables["DROVER_ACCESS_KEY"], terminal.Variables["DROVER_SECRET_KEY"]) = (app.Urls.First(), "key", "secret");
        return fake;
    }

    public void Add(string name, string state, params (string Field, JsonNode Value)[] also)
    {
        var image = new JsonObject { ["id"] = name, ["type"] = "hostImage", ["name"] = name, ["state"] = state, ["kind"] = "cloud-bios", ["size"] = 3 << 20, ["digest"] = new string('d', 64) };
        foreach (var (field, value) in also)
        {
            image[field] = value;
        }

        Images[name] = image;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        var (request, path) = (http.Request, http.Request.Path.Value!.Split('/'));
        var name = path.Length > 3 ? path[3] : null;
        Requests.Add($"{request.Method} {request.Path}{request.QueryString}");
        if (Refuses is not null)
        {
            await AnswerAsync(http, 409, new JsonObject { ["code"] = "InUse", ["detail"] = Refuses });
            return;
        }

        switch (request.Method)
        {
            case "POST" when name is null:
                var body = (JsonObject)(await JsonNode.ParseAsync(request.Body))!;
                Add((string)body["name"]!, "fetching", ("transitioningMessage", "1 MiB of 3 MiB are fetched."), ("sha256", ((string?)body["sha256"]) ?? new string('a', 64)), ("boot", (string?)body["boot"] ?? "bios"), ("url", (string?)body["url"] ?? ""));
                await AnswerAsync(http, 201, Images[(string)body["name"]!]);
                return;
            case "PUT":
                var file = new MemoryStream();
                await request.Body.CopyToAsync(file);
                File = file.ToArray();
                Images[name!]["state"] = Convert.ToHexStringLower(SHA256.HashData(File)) == (string?)Images[name!]["sha256"] ? "active" : "failed";
                break;
            case "POST":
                Images[name!]["state"] = "active";
                break;
            case "DELETE":
                Images.Remove(name!, out var gone);
                await AnswerAsync(http, 200, gone!);
                return;
        }

        if (name is null)
        {
            await AnswerAsync(http, 200, new JsonObject { ["data"] = new JsonArray([.. Images.Values.Select(image => image.DeepClone())]) });
            return;
        }

        if (!Images.TryGetValue(name, out var found))
        {
            await AnswerAsync(http, 404, new JsonObject { ["code"] = "Not Found" });
            return;
        }

        await AnswerAsync(http, 200, found);
        if ((string?)found["state"] == "fetching")
        {
            found["state"] = EndsAs;
        }
    }

    private static async Task AnswerAsync(HttpContext http, int status, JsonObject body)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(body.ToJsonString());
    }
}
