using System.Net;
using System.Net.Sockets;

namespace Drover.Scenarios.Tests;

/// <summary>Serves the files of a folder to guests, which know this computer's loopback by another address.</summary>
internal sealed class FileServer : IDisposable
{
    private readonly HttpListener listener = new();
    private readonly string folder;

    public FileServer(string folder)
    {
        this.folder = folder;
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            Port = ((IPEndPoint)free.LocalEndpoint).Port;
        }

        listener.Prefixes.Add($"http://*:{Port}/");
        listener.Start();
        _ = ServeAsync();
    }

    public int Port { get; }

    public void Dispose() => listener.Close();

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                _ = AnswerAsync(await listener.GetContextAsync());
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // Closed.
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            var path = Path.Combine(folder, Path.GetFileName(Uri.UnescapeDataString(context.Request.Url!.AbsolutePath)));
            if (File.Exists(path))
            {
                await using var file = File.OpenRead(path);
                context.Response.ContentLength64 = file.Length;
                await file.CopyToAsync(context.Response.OutputStream);
            }
            else
            {
                context.Response.StatusCode = 404;
            }

            context.Response.Close();
        }
        catch (Exception e) when (e is HttpListenerException or IOException or ObjectDisposedException)
        {
            // The guest is gone.
        }
    }
}
