namespace Drover.Mesos;

/// <summary>A file that holds the list of masters. It is read again whenever no leader is known.</summary>
internal sealed class MasterFile(string path) : IMasterDetector
{
    private readonly Lock _gate = new();
    private (string Text, MasterList List)? _current;

    public async ValueTask<Uri> DetectAsync(CancellationToken cancellationToken)
    {
        string text;
        try
        {
            text = (await File.ReadAllTextAsync(path, cancellationToken)).Trim();
        }
        catch (IOException e)
        {
            throw new MesosException($"The file {path} with the master's address cannot be read: {e.Message}", inner: e);
        }

        MasterList list;
        try
        {
            lock (_gate)
            {
                if (_current?.Text != text)
                {
                    _current = (text, new MasterList(MasterAddress.ParseList(text)));
                }

                list = _current!.Value.List;
            }
        }
        catch (FormatException e)
        {
            throw new MesosException($"The file {path} holds no master address: {e.Message}", inner: e);
        }

        return await list.DetectAsync(cancellationToken);
    }

    public void Confirm(Uri leader)
    {
        lock (_gate)
        {
            _current?.List.Confirm(leader);
        }
    }

    public void Reject(Uri master)
    {
        lock (_gate)
        {
            _current?.List.Reject(master);
        }
    }
}
