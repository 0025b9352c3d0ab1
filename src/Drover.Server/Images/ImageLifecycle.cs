namespace Drover.Server.Images;

/// <summary>How far a guest image is.</summary>
internal enum ImageState
{
    /// <summary>Its file is fetched, or waits to be sent by a client.</summary>
    Fetching,

    /// <summary>The file is whole; its digest and format are looked at.</summary>
    Checking,

    /// <summary>Nobody said which digest it should have: a person must say that the one found is right.</summary>
    Unconfirmed,

    /// <summary>It is brought into its final form and place.</summary>
    Publishing,

    Active,

    /// <summary>A verification found that its files have changed.</summary>
    Broken,

    /// <summary>It could not be had; nothing happens until somebody asks.</summary>
    Failed,
}

/// <summary>What moves an image.</summary>
internal enum ImageEvent
{
    Fetched,
    Accepted,
    NeedsConfirmation,
    Confirmed,
    Published,
    Failed,
    Retried,
    FoundBroken,
    FoundWhole,
}

/// <summary>The life of an image, in one table.</summary>
/// <remarks><code>
/// fetching → checking → (unconfirmed →) publishing → active ⇄ broken
///     any of the first four → failed → fetching
/// </code></remarks>
internal static class ImageLifecycle
{
    /// <summary>The next state; null where the event means nothing.</summary>
    public static ImageState? Next(ImageState state, ImageEvent happened) => (state, happened) switch
    {
        (ImageState.Fetching, ImageEvent.Fetched) => ImageState.Checking,
        (ImageState.Checking, ImageEvent.Accepted) => ImageState.Publishing,
        (ImageState.Checking, ImageEvent.NeedsConfirmation) => ImageState.Unconfirmed,
        (ImageState.Unconfirmed, ImageEvent.Confirmed) => ImageState.Publishing,
        (ImageState.Publishing, ImageEvent.Published) => ImageState.Active,
        (ImageState.Fetching or ImageState.Checking or ImageState.Unconfirmed or ImageState.Publishing, ImageEvent.Failed) => ImageState.Failed,
        (ImageState.Failed, ImageEvent.Retried) => ImageState.Fetching,
        (ImageState.Active or ImageState.Broken, ImageEvent.FoundBroken) => ImageState.Broken,
        (ImageState.Active or ImageState.Broken, ImageEvent.FoundWhole) => ImageState.Active,
        _ => null,
    };

    /// <summary>Somebody works on it, or will after a restart.</summary>
    public static bool IsMoving(ImageState state) => state is ImageState.Fetching or ImageState.Checking or ImageState.Publishing;
}
