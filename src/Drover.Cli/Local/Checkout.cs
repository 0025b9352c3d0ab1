namespace Drover.Cli.Local;

/// <summary>The checkout that this program was built from: where the image recipe and the images are.</summary>
internal sealed record Checkout(string Root)
{
    public string ImagesFolder => Path.Combine(Root, "artifacts", "images");

    public string ImageRecipe => Path.Combine(Root, "images", "build.sh");

    /// <summary><c>DROVER_HOME</c>, which the launcher sets, else the nearest folder above the program that is a checkout.</summary>
    /// <exception cref="CliFailure">There is none.</exception>
    public static Checkout Find(CliContext context)
    {
        if (context.Variable("DROVER_HOME") is { } home)
        {
            return new Checkout(Path.GetFullPath(home));
        }

        for (var folder = new DirectoryInfo(context.ProgramFolder); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Drover.slnx")))
            {
                return new Checkout(folder.FullName);
            }
        }

        throw new CliFailure(ExitCode.Usage, "This program does not lie in a checkout of Drover.", "Run it as ./drover in the checkout, or set DROVER_HOME to it.");
    }
}
