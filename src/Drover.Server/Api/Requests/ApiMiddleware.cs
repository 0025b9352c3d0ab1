using System.Diagnostics;
using Drover.Server.Api.Output;
using Drover.Server.Identity;
using Drover.Server.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Drover.Server.Api.Requests;

/// <summary>The gate of the API: reads the path, finds out who calls, writes the headers that every answer has, and turns errors into answers.</summary>
/// <remarks>It runs before routing, because it gives routing the one internal form of a path. Requests that are not the API's pass untouched.</remarks>
internal sealed partial class ApiMiddleware(RequestDelegate next, ApiPaths paths, Authenticator authenticator, Database database, ILogger<ApiMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext http)
    {
        var path = http.Request.Path == "/" && WantsJson(http.Request) ? new ApiPath("", null, []) : ApiPaths.Parse(http.Request.Path);
        if (path is null)
        {
            // The internal form is ours alone.
            if (http.Request.Path.StartsWithSegments(ApiPaths.Internal, StringComparison.OrdinalIgnoreCase))
            {
                http.Response.StatusCode = StatusCodes.Status404NotFound;
                return;
            }

            await next(http);
            return;
        }

        var started = Stopwatch.GetTimestamp();
        var origin = RequestOrigin.Of(http.Request);
        var context = new ApiContext(http, path, origin, Caller.Nobody);
        http.Response.Headers["X-API-Schemas"] = path.Version.Length == 0 ? $"{origin}/v2-beta/schemas" : $"{context.Root}/schemas";
        try
        {
            await using (var db = database.Open())
            {
                var caller = await authenticator.IdentifyAsync(http, path, db, http.RequestAborted);
                context = new ApiContext(http, path, origin, caller);
            }

            AddAccountHeaders(http.Response.Headers, context.Caller);
            CrossSite.Check(http, context.Caller);
            http.Items[typeof(ApiContext)] = context;
            http.Request.Path = paths.Route(path);
            await next(http);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client went away; nobody reads an answer.
        }
        catch (Exception e) when (!http.Response.HasStarted)
        {
            await WriteErrorAsync(http, ErrorOf(e, http));
        }
        finally
        {
            LogRequest(logger, http.Request.Method, string.Join('/', path.Segments), http.Response.StatusCode, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
    }

    private static bool WantsJson(HttpRequest request)
    {
        var accept = request.Headers.Accept.ToString();
        return HttpMethods.IsGet(request.Method) && accept.Contains("application/json", StringComparison.OrdinalIgnoreCase) && !accept.Contains("text/html", StringComparison.OrdinalIgnoreCase);
    }

    private static void AddAccountHeaders(IHeaderDictionary headers, Caller caller)
    {
        if (caller.IsAnonymous)
        {
            return;
        }

        headers["X-API-ACCOUNT-ID"] = Ids.Format("a", caller.AccountId);
        headers["X-API-USER-ID"] = Ids.Format("a", caller.UserId);
        headers["X-API-ACCOUNT-KIND"] = caller.AccountKind;
        if (caller.AccountName is { } name)
        {
            headers["X-API-ACCOUNT-NAME"] = Uri.EscapeDataString(name);
        }
    }

    private ApiError ErrorOf(Exception e, HttpContext http)
    {
        switch (e)
        {
            case ApiError error:
                return error;
            case BadHttpRequestException bad:
                return new ApiError(bad.StatusCode, bad.StatusCode == 413 ? "Request Entity Too Large" : "InvalidBodyContent", bad.Message);
            case InvalidDataException bad:
                return new ApiError(400, "InvalidBodyContent", bad.Message);
            case var _ when Database.ProblemOf(e) == StorageProblem.Busy:
                return new ApiError(503, "Service Unavailable", "The database is busy; try again.") { RetryAfter = 1 };
            case var _ when Database.ProblemOf(e) == StorageProblem.Full:
                LogFailed(logger, e, http.Request.Method, http.Request.Path);
                return new ApiError(507, "Insufficient Storage", "The disk of the server is full.");
            default:
                LogFailed(logger, e, http.Request.Method, http.Request.Path);
                return new ApiError(500, "Internal Server Error", "The server failed at this request. Its log says why.");
        }
    }

    private static async Task WriteErrorAsync(HttpContext http, ApiError error)
    {
        http.Response.StatusCode = error.Status;
        var quiet = http.WebSockets.IsWebSocketRequest || string.Equals(http.Request.Headers["X-API-No-Challenge"], "true", StringComparison.OrdinalIgnoreCase);
        if (error.Status == 401 && !quiet)
        {
            http.Response.Headers.WWWAuthenticate = "Basic realm=\"Enter API access key and secret key as username and password\"";
        }

        if (error.RetryAfter is { } seconds)
        {
            http.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        await AnswerWriter.WriteAsync(http, error.Status, error.ToJson());
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Method} {Path} {Status} in {Milliseconds:0.0} ms")]
    private static partial void LogRequest(ILogger logger, string method, string path, int status, double milliseconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    private static partial void LogFailed(ILogger logger, Exception exception, string method, string path);
}
