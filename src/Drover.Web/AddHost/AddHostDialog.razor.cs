using Drover.Api.Cattle;
using Drover.Web.Live;
using Drover.Web.Session;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace Drover.Web.AddHost;

/// <summary>The form for new hosts. Asks for them one after the other; what the server refuses is said at the field.</summary>
public sealed partial class AddHostDialog : IDisposable
{
    private readonly CancellationTokenSource _gone = new();
    private HostForm _form = new();
    private HostSpec _spec = new() { Name = "" };
    private IReadOnlyDictionary<string, string> _errors = new Dictionary<string, string>(StringComparer.Ordinal);
    private readonly HashSet<string> _touched = new(StringComparer.Ordinal);
    private readonly HashSet<string> _added = new(StringComparer.OrdinalIgnoreCase);
    private bool _asked;
    private bool _busy;
    private string? _error;

    [CascadingParameter]
    private IMudDialogInstance Dialog { get; set; } = null!;

    /// <summary>The environment in which the hosts are made.</summary>
    [Parameter, EditorRequired]
    public string Environment { get; set; } = "";

    /// <summary>Sizes, place and labels to begin with.</summary>
    [Parameter]
    public HostSpec? Like { get; set; }

    [Inject]
    internal ApiSession Session { get; set; } = null!;

    [Inject]
    internal HostsFeed Feed { get; set; } = null!;

    [Inject]
    internal Browser Browser { get; set; } = null!;

    private string Name { get => _form.Name; set => Set("name", () => _form.Name = value ?? ""); }

    private string Count { get => _form.Count; set => Set("count", () => _form.Count = value ?? ""); }

    private string Cpus { get => _form.Cpus; set => Set("cpus", () => _form.Cpus = value ?? ""); }

    private string Memory { get => _form.Memory; set => Set("memory", () => _form.Memory = value ?? ""); }

    private string Disk { get => _form.Disk; set => Set("disk", () => _form.Disk = value ?? ""); }

    private string Disks { get => _form.Disks; set => Set("disks", () => _form.Disks = value ?? ""); }

    private string Image { get => _form.Image; set => Set("image", () => _form.Image = value ?? ""); }

    private string Network { get => _form.Network; set => Set("network", () => _form.Network = value ?? ""); }

    private string NetworkLimit { get => _form.NetworkLimit; set => Set("networkBytes", () => _form.NetworkLimit = value ?? ""); }

    private string Display { get => _form.Display; set => Set("display", () => _form.Display = value); }

    private string UserData { get => _form.UserData; set => Set("userData", () => _form.UserData = value ?? ""); }

    private string Labels { get => _form.Labels; set => Set("labels", () => _form.Labels = value ?? ""); }

    private string Constraints { get => _form.Constraints; set => Set("constraints", () => _form.Constraints = value ?? ""); }

    private string NameHint => _spec is { Count: > 1, Name.Length: > 0 } ? $"{_spec.Names[0]} … {_spec.Names[^1]}" : "Also its host name";

    /// <summary>Names of others: what this form has added already is skipped when it is sent again.</summary>
    private HashSet<string> Taken => Feed.Model.Hosts.Select(h => h.Name).Where(n => !_added.Contains(n)).ToHashSet(StringComparer.OrdinalIgnoreCase);

    public static async Task ShowAsync(IDialogService dialogs, string environment, HostSpec? like)
    {
        var parameters = new DialogParameters<AddHostDialog> { { d => d.Environment, environment }, { d => d.Like, like } };
        var dialog = await dialogs.ShowAsync<AddHostDialog>("Add Host", parameters, new DialogOptions { MaxWidth = MaxWidth.Small, FullWidth = true, CloseOnEscapeKey = true, BackdropClick = false, DefaultFocus = DefaultFocus.None });
        await dialog.Result;
    }

    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
    }

    protected override void OnInitialized()
    {
        if (Like is not null)
        {
            _form = HostForm.Of(Like with { Name = HostForm.FreeName(Like.Name, Taken) });
        }

        Check();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            await Browser.CallAsync("focus", "#add-host-name");
        }
    }

    private void Set(string field, Action change)
    {
        change();
        _form.Touch(field);
        _touched.Add(field);
        Check();
    }

    private void Use(HostPreset preset)
    {
        _form.Use(preset);
        Array.ForEach(["cpus", "memory", "disk"], _form.Touch);
        Check();
    }

    private Task OwnAsync() => Browser.CallAsync("focus", "#add-host-cpus").AsTask();

    private void Check()
    {
        _errors = _form.Errors(Taken);
        _spec = _form.Read();
    }

    /// <summary>Nobody is told of an error in a field that he has not reached yet.</summary>
    private bool Wrong(string field) => (_asked || _touched.Contains(field)) && _errors.ContainsKey(field);

    private string? Why(string field) => Wrong(field) ? _errors[field] : null;

    private async Task SubmitAsync()
    {
        (_asked, _error) = (true, null);
        Check();
        if (_busy)
        {
            return;
        }

        if (_errors.Count > 0)
        {
            await Browser.CallAsync("focus", $"#add-host-{_errors.Keys.First()}");
            return;
        }

        _busy = true;
        await RequestAsync(_spec);
        _busy = false;
        if (_errors.Keys.FirstOrDefault() is { } wrong)
        {
            await Browser.CallAsync("focus", $"#add-host-{wrong}");
        }
    }

    private async Task RequestAsync(HostSpec spec)
    {
        var api = Session.In(Environment);
        foreach (var name in spec.Names.Where(n => !_added.Contains(n)).ToList())
        {
            try
            {
                Feed.Apply(await api.CreateAsync("machines", spec.ToRequest(name), _gone.Token));
                _added.Add(name);
                StateHasChanged();
            }
            catch (CattleException e)
            {
                Refused(e, name);
                return;
            }
            catch (OperationCanceledException) when (_gone.IsCancellationRequested)
            {
                return;
            }
        }

        Dialog.Close();
    }

    private void Refused(CattleException refusal, string name)
    {
        var before = _added.Count == 0 ? "" : $" {string.Join(", ", _added)} {(_added.Count == 1 ? "is" : "are")} being made.";
        var atField = _form.Refuse(refusal, name);
        _error = (atField, refusal) switch
        {
            (true, _) => _added.Count == 0 ? null : $"{name} was not added.{before}",
            (_, { Status: 401 }) => $"Your session has ended: sign in again.{before}",
            (_, { Status: 403 }) => "You may look at this environment, but not add hosts to it. Ask one of its owners.",
            (_, { IsTransient: true }) => $"The server does not answer: {refusal.Message}{before} Try again in a moment.",
            _ => $"{name} was not added: {refusal.Message}.{before}",
        };
        Check();
    }

    private void Cancel() => Dialog.Cancel();
}
