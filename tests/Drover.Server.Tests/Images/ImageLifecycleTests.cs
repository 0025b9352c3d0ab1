using Drover.Server.Images;

namespace Drover.Server.Tests.Images;

public class ImageLifecycleTests
{
    /// <summary>The whole table: what is not here is no move.</summary>
    private static readonly Dictionary<(ImageState, ImageEvent), ImageState> Moves = new()
    {
        [(ImageState.Fetching, ImageEvent.Fetched)] = ImageState.Checking,
        [(ImageState.Fetching, ImageEvent.Failed)] = ImageState.Failed,
        [(ImageState.Checking, ImageEvent.Accepted)] = ImageState.Publishing,
        [(ImageState.Checking, ImageEvent.NeedsConfirmation)] = ImageState.Unconfirmed,
        [(ImageState.Checking, ImageEvent.Failed)] = ImageState.Failed,
        [(ImageState.Unconfirmed, ImageEvent.Confirmed)] = ImageState.Publishing,
        [(ImageState.Unconfirmed, ImageEvent.Failed)] = ImageState.Failed,
        [(ImageState.Publishing, ImageEvent.Published)] = ImageState.Active,
        [(ImageState.Publishing, ImageEvent.Failed)] = ImageState.Failed,
        [(ImageState.Failed, ImageEvent.Retried)] = ImageState.Fetching,
        [(ImageState.Active, ImageEvent.FoundBroken)] = ImageState.Broken,
        [(ImageState.Active, ImageEvent.FoundWhole)] = ImageState.Active,
        [(ImageState.Broken, ImageEvent.FoundBroken)] = ImageState.Broken,
        [(ImageState.Broken, ImageEvent.FoundWhole)] = ImageState.Active,
    };

    [Fact]
    public void Next_OfEveryPair_IsAsWritten()
    {
        foreach (var state in Enum.GetValues<ImageState>())
        {
            foreach (var happened in Enum.GetValues<ImageEvent>())
            {
                Assert.Equal(Moves.TryGetValue((state, happened), out var next) ? next : null, ImageLifecycle.Next(state, happened));
            }
        }
    }
}
