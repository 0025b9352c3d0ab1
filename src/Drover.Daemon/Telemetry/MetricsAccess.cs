using System.Security.Cryptography;
using System.Text;

namespace Drover.Daemon.Telemetry;

/// <summary>Who may read <c>/metrics</c>: whoever has the token of the file <c>keys/metrics-token</c>, or is an administrator of the server in this process.</summary>
/// <remarks>Not everybody on the loopback: guests in the network <c>user</c> come from there, and so does everybody behind a proxy (docs/decisions/0073).</remarks>
internal sealed class MetricsAccess
{
    private const string Scheme = "Bearer ";

    private readonly byte[] _token;
    private readonly Func<HttpContext, Task<bool>>? _isAdministrator;

    /// <param name="token">At least 20 characters.</param>
    /// <param name="isAdministrator">Null where no server runs.</param>
    public MetricsAccess(string token, Func<HttpContext, Task<bool>>? isAdministrator)
    {
        _token = Encoding.UTF8.GetBytes(token);
        _isAdministrator = isAdministrator;
    }

    /// <summary>Reads the token, or makes it the first time. Readable by the owner only.</summary>
    public static string EnsureToken(DaemonOptions options)
    {
        var file = options.DataPath("keys", "metrics-token");
        if (File.Exists(file) && File.ReadAllText(file).Trim() is { Length: >= 20 } known)
        {
            return known;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(file)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var token = RandomNumberGenerator.GetHexString(40, lowercase: true);
        var fresh = $"{file}.{Environment.ProcessId}";
        using (var stream = new StreamWriter(fresh, Encoding.ASCII, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
        {
            stream.WriteLine(token);
        }

        File.Move(fresh, file, overwrite: true);
        return token;
    }

    /// <summary>A middleware: passes on who may, and answers 401 to the others.</summary>
    public async Task CheckAsync(HttpContext http, RequestDelegate next)
    {
        if (HasToken(http) || (_isAdministrator is not null && await _isAdministrator(http)))
        {
            await next(http);
            return;
        }

        http.Response.StatusCode = StatusCodes.Status401Unauthorized;
        http.Response.Headers.WWWAuthenticate = "Basic realm=\"An administrator's API key\", Bearer";
        await http.Response.WriteAsync("Send the token of keys/metrics-token in the data folder as Bearer, or an administrator's API key as Basic.\n", http.RequestAborted);
    }

    private bool HasToken(HttpContext http) =>
        http.Request.Headers.Authorization.ToString() is var header && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(header[Scheme.Length..].Trim()), _token);
}
