using Drover.Api.Agents;
using Drover.Web.Containers;
using Drover.Web.Figures;
using Microsoft.AspNetCore.Components;

namespace Drover.Web.Hosts;

/// <summary>One host of the list. Drawn again only when its view is another one, so that two hundred of them stay calm.</summary>
public sealed partial class HostCard
{
    private HostView? _drawn;
    private IReadOnlyList<ContainerView>? _drawnContainers;

    [Parameter, EditorRequired]
    public HostView Host { get; set; } = null!;

    /// <summary>The page of the host.</summary>
    [Parameter, EditorRequired]
    public string Href { get; set; } = "";

    [Parameter]
    public string Environment { get; set; } = "";

    /// <summary>Those of this host; the same list as before while none has changed.</summary>
    [Parameter]
    public IReadOnlyList<ContainerView> Containers { get; set; } = [];

    [Parameter]
    public IReadOnlyList<HostLoad> History { get; set; } = [];

    [Parameter, EditorRequired]
    public ReadyTimes Times { get; set; } = null!;

    private string Sizes => string.Join(" · ", SizesOf());

    protected override bool ShouldRender()
    {
        var changed = !ReferenceEquals(_drawn, Host) || !ReferenceEquals(_drawnContainers, Containers);
        (_drawn, _drawnContainers) = (Host, Containers);
        return changed;
    }

    private IEnumerable<string> SizesOf()
    {
        if ((Host.Spec.Cpus ?? Host.Facts?.Cpus) is > 0 and { } cpus)
        {
            yield return Figure.Cpus(cpus);
        }

        if ((Host.Spec.Memory?.Bytes ?? Host.Facts?.MemoryBytes) is > 0 and { } memory)
        {
            yield return Figure.Bytes(memory);
        }
    }
}
