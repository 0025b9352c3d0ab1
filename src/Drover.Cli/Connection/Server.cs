using Drover.Api.Cattle;
using Drover.Cli.Local;

namespace Drover.Cli.Connection;

/// <summary>A chosen server and, below it, the environment that commands work in.</summary>
internal sealed class Server : IDisposable
{
    private readonly HttpClient _http;
    private readonly string? _wantedEnvironment;
    private CattleClient? _environment;

    private Server(ServerChoice choice, string? wantedEnvironment, HttpClient http)
    {
        Choice = choice;
        _wantedEnvironment = wantedEnvironment;
        _http = http;
        Api = new CattleClient(http, new Uri($"{choice.Url.AbsoluteUri.TrimEnd('/')}/v2-beta"), choice.Authorization);
    }

    public ServerChoice Choice { get; }

    /// <summary>The API outside any environment.</summary>
    public CattleClient Api { get; }

    /// <param name="data"><c>--data</c>.</param>
    /// <param name="environment"><c>--env</c>: name or id.</param>
    public static Server Choose(CliContext context, string? data, string? environment)
    {
        var processes = new ProcessTable(context.ProcFolder);
        var choice = ServerDecision.Decide(new ServerHints
        {
            Named = (data ?? context.Variable("DROVER_DATA")) is { } folder ? new DataFolder(folder) : null,
            Url = context.Variable("DROVER_URL"),
            AccessKey = context.Variable("DROVER_ACCESS_KEY"),
            SecretKey = context.Variable("DROVER_SECRET_KEY"),
            Login = SavedLogin.Read(SavedLogin.FileOf(context)),
            Default = new DataFolder(DataFolder.Default(context)),
            Running = f => f.ReadInstance() is { } instance && processes.IsAlive(instance.Pid, instance.StartTime) ? instance : null,
        });
        return Connect(context, choice, environment ?? context.Variable("DROVER_ENVIRONMENT"));
    }

    public static Server Connect(CliContext context, ServerChoice choice, string? environment) => new(choice, environment, context.Http(choice.Url));

    /// <summary>The API inside the environment that is meant; see <see cref="CurrentEnvironmentAsync"/>.</summary>
    public async Task<CattleClient> EnvironmentAsync(CancellationToken cancellationToken) =>
        _environment ??= Api.ForProject(await ChooseEnvironmentAsync(cancellationToken));

    /// <summary>Id of the environment that commands work in; null when none can be told from the others.</summary>
    public async Task<string?> CurrentEnvironmentAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await ChooseEnvironmentAsync(cancellationToken);
        }
        catch (CliFailure)
        {
            return null;
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>The asked one, else the one that the key or login names, else the only one, else <c>Default</c>.</summary>
    private async Task<string> ChooseEnvironmentAsync(CancellationToken cancellationToken) =>
        _wantedEnvironment is null && Choice.ProjectId is { } known ? known : Pick(await Api.ListAsync("projects", cancellationToken));

    private string Pick(IReadOnlyList<CattleResource> environments)
    {
        var alive = environments.Where(e => e.State is not ("removed" or "purged")).ToList();
        if (_wantedEnvironment is { } wanted)
        {
            var found = alive.Where(e => e.Id == wanted).Concat(alive.Where(e => string.Equals(e.Name, wanted, StringComparison.OrdinalIgnoreCase))).FirstOrDefault();
            return found?.Id ?? throw new CliFailure(ExitCode.NotFound, $"There is no environment '{wanted}' for these credentials.", Names(alive));
        }

        var chosen = alive is [var only] ? only : alive.Find(e => e.Name == "Default");
        return chosen?.Id ?? throw (alive.Count == 0
            ? new CliFailure(ExitCode.NotAuthorised, "These credentials belong to no environment.", "Ask the admin to make you a member of one.")
            : new CliFailure(ExitCode.Usage, "There are several environments.", $"Choose one with --env NAME. {Names(alive)}"));
    }

    private static string Names(List<CattleResource> environments) =>
        environments.Count == 0 ? "There is none." : $"There are: {string.Join(", ", environments.Select(e => e.Name ?? e.Id))}.";
}
