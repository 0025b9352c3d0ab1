using System.Net;

namespace Drover.Mesos;

/// <summary>A Mesos master or agent refused a request, or did not answer it.</summary>
public sealed class MesosException : Exception
{
    public MesosException(string message, HttpStatusCode? status = null, Exception? inner = null)
        : base(message, inner) => Status = status;

    /// <summary>The HTTP status; null when there was no answer.</summary>
    public HttpStatusCode? Status { get; }
}

/// <summary>A RecordIO stream broke its own framing. It cannot be read further: drop the connection.</summary>
public sealed class RecordFormatException(string message) : Exception(message);
