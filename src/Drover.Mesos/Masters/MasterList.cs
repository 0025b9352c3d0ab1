namespace Drover.Mesos;

/// <summary>A fixed list of masters, tried in turn; the last leader first.</summary>
internal sealed class MasterList(IReadOnlyList<Uri> masters) : IMasterDetector
{
    private readonly Lock _gate = new();
    private Uri? _leader;
    private int _next;

    public ValueTask<Uri> DetectAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return ValueTask.FromResult(_leader ?? masters[_next % masters.Count]);
        }
    }

    public void Confirm(Uri leader)
    {
        lock (_gate)
        {
            _leader = leader;
        }
    }

    public void Reject(Uri master)
    {
        lock (_gate)
        {
            if (_leader is null || _leader == master)
            {
                _next = (_next + 1) % masters.Count;
            }

            _leader = null;
        }
    }
}
