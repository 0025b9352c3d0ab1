using System.Net.Http.Headers;
using System.Text;

namespace Drover.Mesos;

/// <summary>Gives the <c>Authorization</c> header of a request; null for none. Called for every request, and once more with
/// <paramref name="refused"/> after a 401, so that a token can be renewed.</summary>
public delegate ValueTask<AuthenticationHeaderValue?> MesosAuthorization(bool refused, CancellationToken cancellationToken);

/// <summary>The two schemes that Mesos itself knows.</summary>
public static class MesosAuthorizations
{
    /// <summary>Mesos' default HTTP authenticator: principal and secret.</summary>
    public static MesosAuthorization Basic(string principal, string secret)
    {
        var header = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{principal}:{secret}")));
        return (_, _) => ValueTask.FromResult<AuthenticationHeaderValue?>(header);
    }

    /// <summary>An executor's <c>MESOS_EXECUTOR_AUTHENTICATION_TOKEN</c>.</summary>
    public static MesosAuthorization Bearer(string token)
    {
        var header = new AuthenticationHeaderValue("Bearer", token);
        return (_, _) => ValueTask.FromResult<AuthenticationHeaderValue?>(header);
    }
}
