using Drover.Web.Live;
using Drover.Web.Session;
using Microsoft.AspNetCore.Components;

namespace Drover.Web.Layout;

/// <summary>A page of one environment: follows its hosts and containers and is drawn again when they change.</summary>
public abstract class EnvironmentPage : ComponentBase, IDisposable
{
    /// <summary>The environment's id, from the address.</summary>
    [Parameter]
    public string Environment { get; set; } = "";

    [Inject]
    internal HostsFeed Feed { get; set; } = null!;

    [Inject]
    internal ContainersFeed Containers { get; set; } = null!;

    [Inject]
    internal ApiSession Session { get; set; } = null!;

    [Inject]
    protected NavigationManager Navigation { get; set; } = null!;

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Whether containers are on the page, so that their changes draw it.</summary>
    protected virtual bool ShowsContainers => false;

    protected override void OnInitialized()
    {
        Feed.Changed += Changed;
        if (ShowsContainers)
        {
            Containers.Changed += ContainersChanged;
        }
    }

    protected override void OnParametersSet()
    {
        // The document's drawing ends at once: only a circuit follows.
        if (RendererInfo.IsInteractive && Session.SignedIn)
        {
            Feed.Open(Environment);
            if (ShowsContainers)
            {
                Containers.Open(Environment);
            }
        }
    }

    /// <summary>Called in the circuit's own order after each change of the hosts.</summary>
    protected virtual void OnHostsChanged() => StateHasChanged();

    /// <summary>As <see cref="OnHostsChanged"/>, of the containers.</summary>
    protected virtual void OnContainersChanged() => StateHasChanged();

    protected virtual void Dispose(bool disposing)
    {
        Feed.Changed -= Changed;
        Containers.Changed -= ContainersChanged;
    }

    private void Changed(object? sender, EventArgs e) => _ = InvokeAsync(OnHostsChanged);

    private void ContainersChanged(object? sender, EventArgs e) => _ = InvokeAsync(OnContainersChanged);
}
