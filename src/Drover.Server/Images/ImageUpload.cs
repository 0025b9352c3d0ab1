using Drover.Server.Api.Output;
using Drover.Server.Api.Requests;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Drover.Server.Images;

/// <summary><c>PUT /v2-beta/hostImages/NAME/file</c>: the file of an image that was announced without an address, as it is.</summary>
/// <remarks>Beside the registry's routes because a body of gigabytes goes past everything that reads JSON. The type's rule for changes stands before it.
/// A stream that breaks off leaves the request waiting; the next one begins anew.</remarks>
internal sealed class ImageUpload(ImageShelf shelf, ImageIntake intake, ImageIntakes intakes, ServerOptions options)
{
    public async Task ReceiveAsync(HttpContext http, string name)
    {
        if (shelf.Find(name)?.Request is not { State: ImageState.Fetching, Url: null } request)
        {
            throw ApiError.Invalid("ActionNotAvailable", "file", $"No image '{(name.Length > 64 ? name[..64] : name)}' waits for a file. Announce it first: POST hostImages with a name and no url.");
        }

        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = null;
        }

        try
        {
            ImageException.RequireSpace(shelf.Root!, http.Request.ContentLength ?? 0);
            shelf.WriteRequest(request = request with { TotalBytes = http.Request.ContentLength });
            await using (var target = Open(name))
            {
                await ImageFetch.CopyAsync(http.Request.Body, target, options.MaxImageBytes, () => { }, http.RequestAborted);
                if (target.Length != (http.Request.ContentLength ?? target.Length))
                {
                    throw new ApiError(400, "InvalidBodyContent", "The file broke off before its end; send it again.");
                }
            }
        }
        catch (ImageException e)
        {
            File.Delete(shelf.ContentOf(name));
            throw new ApiError(507, "Insufficient Storage", e.Message);
        }
        catch (IOException e) when (ImageException.IsFull(e))
        {
            File.Delete(shelf.ContentOf(name));
            throw new ApiError(507, "Insufficient Storage", ImageException.Full(shelf.Root!, e).Message);
        }

        intake.Received(request);
        intakes.Nudge();
        await AnswerWriter.WriteAsync(http, 202, ImageOutput.Write(shelf.Find(name)!, new ImageUsers([], [])));
    }

    /// <summary>One at a time: the second gets a conflict.</summary>
    private FileStream Open(string name)
    {
        try
        {
            return new FileStream(shelf.ContentOf(name), FileMode.Create, FileAccess.Write, FileShare.None);
        }
        catch (IOException e) when (!ImageException.IsFull(e))
        {
            throw new ApiError(409, "Conflict", $"Somebody else sends the file of '{name}' at this moment.");
        }
    }
}
