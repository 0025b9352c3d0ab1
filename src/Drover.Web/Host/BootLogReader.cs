using Drover.Api.Cattle;

namespace Drover.Web.Host;

/// <summary>Reads a machine's console piece by piece: <c>GET machines/ID/console?offset=N</c> → <c>offset</c>, <c>next</c>, <c>text</c>, <c>size</c>.</summary>
/// <remarks>A long log is joined near its end. When the console is shorter than what was read, the machine has begun a new one.</remarks>
internal sealed class BootLogReader(CattleClient api, string machineId, BootLogText log)
{
    /// <summary>Bytes from the end at which a log is joined: more than <see cref="BootLogText.MostLines"/> usual lines.</summary>
    public const long JoinBytes = 512 * 1024;

    private long _offset;
    private bool _joined;

    public long Offset => _offset;

    /// <summary>Reads what is there now.</summary>
    /// <returns>Whether there was anything new.</returns>
    /// <exception cref="CattleException">404: no console yet, or none any more.</exception>
    public async Task<bool> ReadAsync(CancellationToken cancellationToken)
    {
        var any = false;
        while (true)
        {
            var answer = new CattleResource(await api.SendAsync(HttpMethod.Get, $"machines/{machineId}/console?offset={_offset}", null, cancellationToken));
            var text = answer.Text("text") ?? "";
            var next = (long)(answer.Number("next") ?? _offset + text.Length);
            var size = (long)(answer.Number("size") ?? next);
            if (size < _offset)
            {
                log.Clear();
                (_offset, _joined, any) = (0, true, true);
                continue;
            }

            if (!_joined)
            {
                _joined = true;
                if (size > JoinBytes)
                {
                    _offset = size - JoinBytes;
                    continue;
                }
            }

            if (next <= _offset)
            {
                return any;
            }

            log.Append(text);
            (_offset, any) = (next, true);
            if (next >= size)
            {
                return true;
            }
        }
    }
}
