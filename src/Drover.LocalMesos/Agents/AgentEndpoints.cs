using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using AgentCall = Drover.Mesos.V1.Agent.Call;
using AgentResponse = Drover.Mesos.V1.Agent.Response;
using ExecutorCall = Drover.Mesos.V1.Executor.Call;

namespace Drover.LocalMesos;

/// <summary>The agent's routes. Every state is behind the mailbox.</summary>
internal sealed class AgentEndpoints(
    LocalCredentials? credentials, Mailbox mailbox, ExecutorCalls executors, AgentOperatorCalls operators, AgentFiles files, CancellationToken stopping)
{
    public void Map(WebApplication app)
    {
        foreach (var root in (ReadOnlySpan<string>)["", "/slave(1)"])
        {
            app.Map($"{root}/api/v1/executor", (RequestDelegate)ExecutorAsync);
            app.Map($"{root}/api/v1", (RequestDelegate)OperatorAsync);
        }

        app.MapGet("/files/read", (RequestDelegate)ReadTextAsync);
        app.MapGet("/files/browse", (RequestDelegate)BrowseAsync);
        app.MapGet("/files/download", (RequestDelegate)DownloadAsync);
        app.MapGet("/health", (RequestDelegate)(_ => Task.CompletedTask));
        app.MapGet("/version", (RequestDelegate)(http =>
        {
            http.Response.ContentType = "application/json";
            return http.Response.WriteAsync($$"""{"version":"{{MasterDescription.ApiVersion}}","git_tag":"drover-local"}""", http.RequestAborted);
        }));
    }

    private async Task ExecutorAsync(HttpContext http)
    {
        if (await CallReader.ReadAsync(http, ExecutorCall.Parser, credentials: null, "mesos-agent-executor") is not { } call
            || (call.Type == ExecutorCall.Types.Type.Subscribe && !await CallReader.AcceptsAsync(http)))
        {
            return;
        }

        CallResult result;
        try
        {
            string? authorization = http.Request.Headers.Authorization;
            result = await mailbox.AskAsync(() => executors.Handle(call, authorization));
        }
        catch (Exception e) when (e is ObjectDisposedException or CheckpointException)
        {
            // The state is gone: no answer, as from a killed process.
            http.Abort();
            return;
        }

        if (result.Stream is { } stream)
        {
            try
            {
                await stream.ServeAsync(http, stopping);
            }
            finally
            {
                mailbox.Post(() => executors.StreamEnded(stream));
            }
        }
        else if (result.Status == StatusCodes.Status202Accepted)
        {
            http.Response.StatusCode = result.Status;
        }
        else
        {
            await CallReader.RefuseAsync(http, result.Status, result.Reason);
        }
    }

    private async Task OperatorAsync(HttpContext http)
    {
        if (await CallReader.ReadAsync(http, AgentCall.Parser, credentials, "mesos-agent-readwrite") is not { } call || !await CallReader.AcceptsAsync(http))
        {
            return;
        }

        switch (call.Type)
        {
            case AgentCall.Types.Type.Unknown:
                await CallReader.RefuseAsync(http, StatusCodes.Status400BadRequest, "Failed to validate agent::Call: Expecting 'type' to be present");
                return;
            case AgentCall.Types.Type.ReadFile when call.ReadFile is { } read:
                await WithFileAsync(http, read.Path, File.Exists, async file =>
                {
                    var (size, data) = await AgentFiles.ReadAsync(file, (long)read.Offset, read.HasLength ? (long)read.Length : AgentFiles.MaxRead, http.RequestAborted);
                    await CallReader.AnswerAsync(http, new AgentResponse
                    {
                        Type = AgentResponse.Types.Type.ReadFile,
                        ReadFile = new() { Size = (ulong)size, Data = ByteString.CopyFrom(data) },
                    });
                });
                return;
            case AgentCall.Types.Type.ListFiles when call.ListFiles is { } list:
                await WithFileAsync(http, list.Path, Directory.Exists, async directory =>
                {
                    var answer = new AgentResponse { Type = AgentResponse.Types.Type.ListFiles, ListFiles = new() };
                    answer.ListFiles.FileInfos.AddRange(AgentFiles.List(directory, list.Path));
                    await CallReader.AnswerAsync(http, answer);
                });
                return;
        }

        var body = await mailbox.AskAsync(() => operators.Handle(call)?.ToByteArray());
        if (body is null)
        {
            await CallReader.RefuseAsync(http, StatusCodes.Status501NotImplemented, $"This agent does not answer {call.Type}");
            return;
        }

        http.Response.ContentType = MesosHttp.Protobuf;
        await http.Response.Body.WriteAsync(body, http.RequestAborted);
    }

    private Task ReadTextAsync(HttpContext http) => GuardedAsync(http, async path =>
    {
        var offset = Number(http, "offset") ?? -1;
        var length = Number(http, "length") ?? AgentFiles.MaxRead;
        await WithFileAsync(http, path, File.Exists, async file =>
        {
            // Without an offset only the size is told, in the offset's place.
            var (size, data) = await AgentFiles.ReadAsync(file, Math.Max(0, offset), offset < 0 ? 0 : length, http.RequestAborted);
            await WriteJsonAsync(http, new JsonObject { ["offset"] = offset < 0 ? size : offset, ["data"] = Encoding.UTF8.GetString(data) });
        });
    });

    private Task BrowseAsync(HttpContext http) => GuardedAsync(http, path => WithFileAsync(http, path, Directory.Exists, directory =>
        WriteJsonAsync(http, new JsonArray([.. AgentFiles.List(directory, path).Select(f => (JsonNode)new JsonObject
        {
            ["path"] = f.Path,
            ["mode"] = AgentFiles.ModeText(f.Mode),
            ["nlink"] = f.Nlink,
            ["uid"] = f.Uid,
            ["gid"] = f.Gid,
            ["size"] = f.Size,
            ["mtime"] = f.Mtime.Nanoseconds / 1e9,
        })]))));

    private Task DownloadAsync(HttpContext http) => GuardedAsync(http, path => WithFileAsync(http, path, File.Exists, async file =>
    {
        http.Response.ContentType = "application/octet-stream";
        await http.Response.SendFileAsync(file, http.RequestAborted);
    }));

    private async Task GuardedAsync(HttpContext http, Func<string, Task> serve)
    {
        if (credentials is not null && !credentials.Allow(http.Request))
        {
            http.Response.Headers.WWWAuthenticate = "Basic realm=\"mesos-agent-readonly\"";
            await CallReader.RefuseAsync(http, StatusCodes.Status401Unauthorized, "Principal or secret are wrong or missing");
        }
        else if (http.Request.Query["path"].ToString() is { Length: > 0 } path)
        {
            await serve(path);
        }
        else
        {
            await CallReader.RefuseAsync(http, StatusCodes.Status400BadRequest, "Expecting 'path=value' in query");
        }
    }

    private async Task WithFileAsync(HttpContext http, string path, Func<string, bool> isKind, Func<string, Task> serve)
    {
        var real = await mailbox.AskAsync(() => files.Resolve(path));
        if (real is null || !isKind(real))
        {
            await CallReader.RefuseAsync(http, StatusCodes.Status404NotFound, "No such file or directory");
            return;
        }

        await serve(real);
    }

    private static Task WriteJsonAsync(HttpContext http, JsonNode json)
    {
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(json.ToJsonString(JsonSerializerOptions.Default), http.RequestAborted);
    }

    private static long? Number(HttpContext http, string name) =>
        long.TryParse(http.Request.Query[name], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
}
