using Drover.Api.Cattle;
using Drover.Web.Containers;
using Drover.Web.Hosts;
using Drover.Web.Live;
using Drover.Web.Session;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace Drover.Web.RunContainer;

/// <summary>The form for a new container. What the server refuses is said at the field; how the image is pulled is then seen in the list.</summary>
public sealed partial class RunDialog : IDisposable
{
    private static readonly string[] Policies = [RunSpec.NoRestart, "on-failure", "unless-stopped", "always"];

    private readonly CancellationTokenSource _gone = new();
    private readonly RunForm _form = new();
    private readonly HashSet<string> _touched = new(StringComparer.Ordinal);
    private RunSpec _spec = new();
    private IReadOnlyList<HostView> _hosts = [];
    private IReadOnlyDictionary<string, string> _errors = new Dictionary<string, string>(StringComparer.Ordinal);
    private bool _asked;
    private bool _busy;
    private string? _error;

    [CascadingParameter]
    private IMudDialogInstance Dialog { get; set; } = null!;

    /// <summary>The environment in which it is made.</summary>
    [Parameter, EditorRequired]
    public string Project { get; set; } = "";

    /// <summary>The host to begin with; null: any.</summary>
    [Parameter]
    public HostView? On { get; set; }

    [Inject]
    internal ApiSession Session { get; set; } = null!;

    [Inject]
    internal HostsFeed Feed { get; set; } = null!;

    [Inject]
    internal ContainersFeed Containers { get; set; } = null!;

    [Inject]
    internal Browser Browser { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    private string Image { get => _form.Image; set => Set("image", () => _form.Image = value ?? ""); }

    private string Name { get => _form.Name; set => Set("name", () => _form.Name = value ?? ""); }

    private string Host { get => _form.Host; set => Set("host", () => (_form.Host, _form.HostName) = (value ?? "", NameOf(value))); }

    private string Command { get => _form.Command; set => Set("command", () => _form.Command = value ?? ""); }

    private string Environment { get => _form.Environment; set => Set("environment", () => _form.Environment = value ?? ""); }

    private string Ports { get => _form.Ports; set => Set("ports", () => _form.Ports = value ?? ""); }

    private string Volumes { get => _form.Volumes; set => Set("volumes", () => _form.Volumes = value ?? ""); }

    private string Restart { get => _form.Restart; set => Set("restart", () => _form.Restart = value ?? RunSpec.NoRestart); }

    private string RestartCount { get => _form.RestartCount; set => Set("restart", () => _form.RestartCount = value ?? ""); }

    private string Memory { get => _form.Memory; set => Set("memory", () => _form.Memory = value ?? ""); }

    private string Cpus { get => _form.Cpus; set => Set("cpus", () => _form.Cpus = value ?? ""); }

    private string Labels { get => _form.Labels; set => Set("labels", () => _form.Labels = value ?? ""); }

    private bool Tty { get => _form.Tty; set => Set("tty", () => _form.Tty = value); }

    private string ApiLine => $"POST {Navigation.BaseUri}v2-beta/projects/{Project}/containers {_spec.ToRequest().ToJsonString()}";

    public static async Task ShowAsync(IDialogService dialogs, string environment, HostView? on)
    {
        var parameters = new DialogParameters<RunDialog> { { d => d.Project, environment }, { d => d.On, on } };
        var dialog = await dialogs.ShowAsync<RunDialog>("Run a container", parameters, new DialogOptions { MaxWidth = MaxWidth.Small, FullWidth = true, CloseOnEscapeKey = true, BackdropClick = false, DefaultFocus = DefaultFocus.None });
        await dialog.Result;
    }

    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
    }

    protected override void OnInitialized()
    {
        _hosts = [.. new HostNames(Project, Feed.Model.Hosts).Active];
        if (On?.HostId is { } host)
        {
            (_form.Host, _form.HostName) = (host, On.Name);
        }

        Check();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            await Browser.CallAsync("focus", "#run-image");
        }
    }

    private static string Policy(string? policy) => policy switch
    {
        "on-failure" => "start it again when it fails",
        "unless-stopped" => "start it again unless it was stopped",
        "always" => "always start it again",
        _ => "let it be",
    };

    private string NameOf(string? host) => string.IsNullOrEmpty(host) ? "any that is active" : _hosts.FirstOrDefault(h => h.HostId == host)?.Name ?? On?.Name ?? host;

    private void Set(string field, Action change)
    {
        change();
        _form.Touch(field);
        _touched.Add(field);
        Check();
    }

    private void Check()
    {
        _errors = _form.Errors();
        _spec = _form.Read();
    }

    /// <summary>Nobody is told of an error in a field that he has not reached yet.</summary>
    private bool Wrong(string field) => (_asked || _touched.Contains(field)) && _errors.ContainsKey(field);

    private string? Why(string field) => Wrong(field) ? _errors[field] : null;

    private async Task SubmitAsync()
    {
        (_asked, _error) = (true, null);
        Check();
        if (!_busy && _errors.Count == 0)
        {
            _busy = true;
            await RequestAsync();
            _busy = false;
        }

        if (_errors.Keys.FirstOrDefault() is { } wrong)
        {
            await Browser.CallAsync("focus", $"#run-{wrong}");
        }
    }

    private async Task RequestAsync()
    {
        try
        {
            Containers.Apply(await Session.In(Project).CreateAsync("containers", _spec.ToRequest(), _gone.Token));
            Dialog.Close();
        }
        catch (CattleException e)
        {
            _error = _form.Refuse(e) ? null : $"The container was not made: {Refusal.Sentence(e, "run containers in it")}";
            Check();
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            // The dialog was closed.
        }
    }
}
