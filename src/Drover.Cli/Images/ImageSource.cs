namespace Drover.Cli.Images;

/// <summary>Where a new image comes from: an address that the server fetches, or a file of this machine that is sent.</summary>
internal abstract record ImageSource
{
    private ImageSource()
    {
    }

    public sealed record Address(string Url) : ImageSource;

    public sealed record LocalFile(FileInfo File) : ImageSource;

    /// <exception cref="CliFailure">It is neither.</exception>
    public static ImageSource Of(string text)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https")
        {
            return new Address(text);
        }

        var file = new FileInfo(text);
        return file.Exists ? new LocalFile(file) : throw new CliFailure(ExitCode.Usage, $"'{text}' is no http or https address, and there is no such file.");
    }
}
