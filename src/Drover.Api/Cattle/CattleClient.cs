using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Drover.Api.Cattle;

/// <summary>Client of the Rancher 1.x ("Cattle") API: this server's, or a real Rancher's.</summary>
/// <remarks>Every method throws <see cref="CattleException"/> for an answer that is no success and for a server that does not answer.</remarks>
public sealed class CattleClient
{
    private readonly HttpClient _http;

    /// <param name="http">Its lifetime is the caller's. No base address is needed.</param>
    /// <param name="root">The API root: <c>http://HOST:PORT/v1</c>, <c>…/v2-beta</c>, or <c>…/v2-beta/projects/1a5</c>.</param>
    /// <param name="authorization">See <see cref="Basic"/> and <see cref="Bearer"/>; null for none.</param>
    public CattleClient(HttpClient http, Uri root, AuthenticationHeaderValue? authorization)
    {
        _http = http;
        Root = new Uri(root.AbsoluteUri.TrimEnd('/'));
        Authorization = authorization;
    }

    public Uri Root { get; }

    public AuthenticationHeaderValue? Authorization { get; }

    public static AuthenticationHeaderValue Basic(string accessKey, string secretKey) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{accessKey}:{secretKey}")));

    public static AuthenticationHeaderValue Bearer(string token) => new("Bearer", token);

    /// <summary>The same server and credentials, inside one environment.</summary>
    public CattleClient ForProject(string projectId)
    {
        var path = Root.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var version = path.Length > 0 ? path[0] : "v2-beta";
        return new CattleClient(_http, new Uri(Root, $"/{version}/projects/{projectId}"), Authorization);
    }

    /// <summary>The absolute URL below the root, or <paramref name="path"/> itself if it is absolute.</summary>
    public Uri Url(string path) =>
        Uri.TryCreate(path, UriKind.Absolute, out var absolute) && absolute.Scheme is "http" or "https"
            ? new Uri(path)
            : new Uri($"{Root.AbsoluteUri}/{path.TrimStart('/')}");

    /// <summary>One resource; null for 404.</summary>
    public async Task<CattleResource?> GetAsync(string type, string id, CancellationToken cancellationToken)
    {
        try
        {
            return new CattleResource(await SendAsync(HttpMethod.Get, $"{type}/{Uri.EscapeDataString(id)}", null, cancellationToken));
        }
        catch (CattleException e) when (e.Status == 404)
        {
            return null;
        }
    }

    /// <summary>All pages of a collection, with filters such as <c>("name", "web-1")</c> or <c>("state_ne", "removed")</c>.</summary>
    public async Task<IReadOnlyList<CattleResource>> ListAsync(string type, IEnumerable<KeyValuePair<string, string>> filters, CancellationToken cancellationToken)
    {
        var query = string.Join('&', filters.Select(f => $"{Uri.EscapeDataString(f.Key)}={Uri.EscapeDataString(f.Value)}"));
        var all = new List<CattleResource>();
        for (var next = query.Length == 0 ? type : $"{type}?{query}"; next is not null;)
        {
            var page = await PageAsync(next, cancellationToken);
            all.AddRange(page.Data);
            next = page.Next;
        }

        return all;
    }

    public Task<IReadOnlyList<CattleResource>> ListAsync(string type, CancellationToken cancellationToken) => ListAsync(type, [], cancellationToken);

    /// <summary>One page, by path below the root or absolute URL.</summary>
    public async Task<CattleCollection> PageAsync(string pathOrUrl, CancellationToken cancellationToken)
    {
        var json = await SendAsync(HttpMethod.Get, pathOrUrl, null, cancellationToken);
        var data = (json["data"] as JsonArray ?? []).OfType<JsonObject>().Select(o => new CattleResource(o)).ToList();
        var pagination = json["pagination"] as JsonObject;
        var partial = pagination?["partial"] is JsonValue value && value.GetValueKind() == JsonValueKind.True;
        var next = partial && pagination?["next"] is JsonValue link ? link.GetValue<string>() : null;
        return new CattleCollection(data, next, json);
    }

    public async Task<CattleResource> CreateAsync(string type, JsonObject body, CancellationToken cancellationToken) =>
        new(await SendAsync(HttpMethod.Post, type, body, cancellationToken));

    public async Task<CattleResource> UpdateAsync(string type, string id, JsonObject body, CancellationToken cancellationToken) =>
        new(await SendAsync(HttpMethod.Put, $"{type}/{Uri.EscapeDataString(id)}", body, cancellationToken));

    public async Task<CattleResource> DeleteAsync(string type, string id, CancellationToken cancellationToken) =>
        new(await SendAsync(HttpMethod.Delete, $"{type}/{Uri.EscapeDataString(id)}", null, cancellationToken));

    public async Task<CattleResource> ActionAsync(string type, string id, string action, JsonObject? body, CancellationToken cancellationToken) =>
        new(await SendAsync(HttpMethod.Post, $"{type}/{Uri.EscapeDataString(id)}?action={Uri.EscapeDataString(action)}", body ?? [], cancellationToken));

    /// <summary>Sends a file as it is, by <c>PUT</c>. The client's time limit must leave room for it.</summary>
    public async Task<JsonObject> SendFileAsync(string pathOrUrl, Stream file, CancellationToken cancellationToken)
    {
        using var content = new StreamContent(file, 128 * 1024);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var response = await SendRawAsync(HttpMethod.Put, pathOrUrl, content, cancellationToken);
        return await ReadAsync(response, cancellationToken);
    }

    /// <summary>Sends any request and reads a JSON object; an empty answer is an empty object.</summary>
    public async Task<JsonObject> SendAsync(HttpMethod method, string pathOrUrl, JsonObject? body, CancellationToken cancellationToken)
    {
        using var content = body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await SendRawAsync(method, pathOrUrl, content, cancellationToken);
        return await ReadAsync(response, cancellationToken);
    }

    /// <summary>Reads a plain text answer, such as a registration script.</summary>
    public async Task<string> TextAsync(string pathOrUrl, CancellationToken cancellationToken)
    {
        using var response = await SendRawAsync(HttpMethod.Get, pathOrUrl, null, cancellationToken);
        return await ReadTextAsync(response, cancellationToken);
    }

    /// <summary>Answers an event; does nothing when it wants no answer.</summary>
    public async Task ReplyAsync(CattleEvent to, CattleReply reply, CancellationToken cancellationToken)
    {
        if (to.ReplyTo is null)
        {
            return;
        }

        var body = new JsonObject { ["name"] = to.ReplyTo, ["previousIds"] = new JsonArray(to.Id) };
        if (reply.Transitioning is not null)
        {
            body["transitioning"] = reply.Transitioning;
        }

        if (reply.Message is not null)
        {
            body["transitioningMessage"] = reply.Message;
        }

        if (reply.Progress is not null)
        {
            body["transitioningProgress"] = reply.Progress;
        }

        if (reply.Data is not null)
        {
            body["data"] = reply.Data.DeepClone();
        }

        await SendAsync(HttpMethod.Post, "publish", body, cancellationToken);
    }

    /// <summary>Opens <c>/subscribe</c> and yields events until the socket ends. It ends often (the server closes it each 12 hours): the caller reconnects.</summary>
    /// <param name="onOpen">Called once when the socket is open: from then on no event is missed.</param>
    public async IAsyncEnumerable<CattleEvent> SubscribeAsync(IEnumerable<string> eventNames, Action? onOpen, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var socket = new ClientWebSocket();
        socket.Options.KeepAliveInterval = TimeSpan.FromSeconds(15);
        socket.Options.KeepAliveTimeout = TimeSpan.FromSeconds(30);
        if (Authorization is not null)
        {
            socket.Options.SetRequestHeader("Authorization", Authorization.ToString());
        }

        var query = string.Join('&', eventNames.Select(n => $"eventNames={Uri.EscapeDataString(n)}"));
        var url = new UriBuilder(Url($"subscribe?{query}"));
        url.Scheme = url.Scheme == "https" ? "wss" : "ws";
        try
        {
            await socket.ConnectAsync(url.Uri, cancellationToken);
        }
        catch (WebSocketException e)
        {
            throw new CattleException((int)socket.HttpStatusCode, "SubscribeFailed", $"Could not subscribe to {url.Uri.GetLeftPart(UriPartial.Path)}: {e.Message}", null, e);
        }

        onOpen?.Invoke();
        var buffer = new FrameBuffer();
        while (await ReceiveTextAsync(socket, buffer, cancellationToken) is { } text)
        {
            if (!string.IsNullOrWhiteSpace(text) && TryParseObject(text) is { } json)
            {
                yield return new CattleEvent(json);
            }
        }
    }

    private async Task<HttpResponseMessage> SendRawAsync(HttpMethod method, string pathOrUrl, HttpContent? content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, Url(pathOrUrl));
        request.Headers.Authorization = Authorization;
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.Add("X-API-No-Challenge", "true");
        request.Content = content;
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw new CattleException(0, "Unreachable", $"No answer from {Root.GetLeftPart(UriPartial.Authority)}: {e.Message}", null, e);
        }
        catch (TaskCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CattleException(0, "Timeout", $"{Root.GetLeftPart(UriPartial.Authority)} did not answer in time.", null, e);
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw await ErrorAsync(response, cancellationToken);
        }
    }

    private static async Task<CattleException> ErrorAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        var reason = response.ReasonPhrase ?? response.StatusCode.ToString();
        var json = TryParseObject(await ReadTextAsync(response, cancellationToken));
        string? Field(string name) => json?[name] is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;
        return new CattleException(status, Field("code") ?? reason, Field("detail") ?? Field("message"), Field("fieldName"));
    }

    private static async Task<string> ReadTextAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            return await response.Content.ReadAsStringAsync(cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw new CattleException(0, "Unreachable", $"The answer broke off: {e.Message}", null, e);
        }
    }

    /// <summary>As bytes: a page of a long list would be twice as large as text.</summary>
    private static async Task<JsonObject> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            await using var bytes = await response.Content.ReadAsStreamAsync(cancellationToken);
            return bytes is { CanSeek: true, Length: 0 } ? [] : await JsonNode.ParseAsync(bytes, cancellationToken: cancellationToken) as JsonObject ?? throw NoObject(response, null);
        }
        catch (HttpRequestException e)
        {
            throw new CattleException(0, "Unreachable", $"The answer broke off: {e.Message}", null, e);
        }
        catch (JsonException e)
        {
            throw NoObject(response, e);
        }
    }

    private static CattleException NoObject(HttpResponseMessage response, Exception? cause) =>
        new((int)response.StatusCode, "InvalidBodyContent", "The server's answer is no JSON object. Is this a Rancher or Drover API?", null, cause);

    private static JsonObject? TryParseObject(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task<string?> ReceiveTextAsync(ClientWebSocket socket, FrameBuffer buffer, CancellationToken cancellationToken)
    {
        buffer.Clear();
        while (true)
        {
            ValueWebSocketReceiveResult received;
            try
            {
                received = await socket.ReceiveAsync(buffer.Space(), cancellationToken);
            }
            catch (WebSocketException)
            {
                return null;
            }

            if (received.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            buffer.Advance(received.Count);
            if (received.EndOfMessage)
            {
                return buffer.Text();
            }
        }
    }

    /// <summary>One growing buffer for the frames of a message.</summary>
    private sealed class FrameBuffer
    {
        private readonly System.Buffers.ArrayBufferWriter<byte> _writer = new(8 * 1024);

        public void Clear() => _writer.ResetWrittenCount();

        public Memory<byte> Space() => _writer.GetMemory(4 * 1024);

        public void Advance(int count) => _writer.Advance(count);

        public string Text() => Encoding.UTF8.GetString(_writer.WrittenSpan);
    }
}
