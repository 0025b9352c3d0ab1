namespace Drover.Agent.Tests.Fakes;

/// <summary>The end of a process at a chosen step.</summary>
internal sealed class KilledException(string at) : Exception(at);

/// <summary>Counts steps over requests and durable writes, and ends the program at one of them.</summary>
internal sealed class KillSwitch(int killAt)
{
    private int _step;

    public int Steps => _step;

    public void Reached(string at)
    {
        if (_step++ == killAt)
        {
            throw new KilledException(at);
        }
    }
}

/// <summary>Every request is two steps: before the server hears it, and after it has acted but before the answer is seen.</summary>
internal sealed class KillingHandler(KillSwitch killSwitch) : DelegatingHandler(new SocketsHttpHandler())
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var what = $"{request.Method} {request.RequestUri!.AbsolutePath}";
        killSwitch.Reached(what + ":before");
        var response = await base.SendAsync(request, cancellationToken);
        killSwitch.Reached(what + ":after");
        return response;
    }
}
