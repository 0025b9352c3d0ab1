using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Drover.Server.Tests.Harness;
using Microsoft.AspNetCore.Http;

namespace Drover.Server.Tests.Containers;

/// <summary>Images, and containers that are made.</summary>
internal sealed partial class FakeDocker
{
    /// <summary>What a pull tells, line by line; the image is there after it, unless one is an error.</summary>
    public List<string> PullMessages { get; } =
    [
        """{"status":"Pulling from library/nginx","id":"1.27"}""",
        """{"status":"Pulling fs layer","progressDetail":{},"id":"aaaa"}""",
        """{"status":"Downloading","progressDetail":{"current":5000000,"total":20000000},"id":"aaaa"}""",
        """{"status":"Pull complete","progressDetail":{},"id":"aaaa"}""",
    ];

    public ConcurrentDictionary<string, bool> Images { get; } = new(StringComparer.Ordinal);

    /// <summary>The logins that pulls came with, decoded.</summary>
    public ConcurrentQueue<JsonObject> Logins { get; } = new();

    /// <summary>What was asked of the last container, as it came.</summary>
    public JsonObject? LastCreate { get; private set; }

    private static bool HasLabel(JsonObject container, string label) => label.Split('=', 2) is [var key, var value] && (string?)container["Labels"]?[key] == value;

    /// <summary>False for what is none of these.</summary>
    private async Task<bool> AnswerMakingAsync(HttpContext http, string path)
    {
        if (path.EndsWith("/images/create", StringComparison.Ordinal))
        {
            await PullAsync(http);
        }
        else if (path.EndsWith("/containers/create", StringComparison.Ordinal))
        {
            await MakeAsync(http);
        }
        else if (path.EndsWith("/start", StringComparison.Ordinal))
        {
            Move(path.Split('/')[^2], "running", "start");
            http.Response.StatusCode = 204;
        }
        else if (HttpMethods.IsDelete(http.Request.Method))
        {
            Remove(path.Split('/')[^1]);
            http.Response.StatusCode = 204;
        }
        else
        {
            return false;
        }

        await HoldAsync(http, path);
        return true;
    }

    private async Task HoldAsync(HttpContext http, string path)
    {
        while (HoldAnswersOf is { } held && path.EndsWith(held, StringComparison.Ordinal))
        {
            await Task.Delay(10, http.RequestAborted);
        }
    }

    private async Task PullAsync(HttpContext http)
    {
        if (http.Request.Headers["X-Registry-Auth"].FirstOrDefault() is { Length: > 0 } text
            && JsonNode.Parse(Encoding.UTF8.GetString(Convert.FromBase64String(text.Replace('-', '+').Replace('_', '/')))) is JsonObject login && login["username"] is not null)
        {
            Logins.Enqueue(login);
        }

        foreach (var message in PullMessages)
        {
            await http.Response.WriteAsync(message + "\n", http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
        }

        if (!PullMessages.Any(message => message.Contains("errorDetail", StringComparison.Ordinal)))
        {
            Images[$"{http.Request.Query["fromImage"]}:{http.Request.Query["tag"]}"] = true;
        }
    }

    private async Task MakeAsync(HttpContext http)
    {
        var asked = (await JsonNode.ParseAsync(http.Request.Body, cancellationToken: TestServer.Token))!.AsObject();
        LastCreate = asked;
        if (!Images.ContainsKey((string)asked["Image"]!))
        {
            http.Response.StatusCode = 404;
            await http.Response.WriteAsJsonAsync(new JsonObject { ["message"] = $"No such image: {asked["Image"]}" }, TestServer.Token);
            return;
        }

        var id = Add((string)http.Request.Query["name"]!, "created", tell: false);
        var made = (JsonObject)_containers[id].DeepClone();
        (made["Labels"], made["Image"], made["Status"]) = (asked["Labels"]?.DeepClone(), asked["Image"]!.DeepClone(), "Created");
        _containers[id] = made;
        Tell("create", id);
        http.Response.StatusCode = 201;
        await http.Response.WriteAsJsonAsync(new JsonObject { ["Id"] = id, ["Warnings"] = new JsonArray() }, TestServer.Token);
    }
}
