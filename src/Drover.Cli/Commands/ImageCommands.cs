using System.CommandLine;
using System.Text.Json.Nodes;
using Drover.Cli.Images;
using Drover.Cli.Local;
using Drover.Cli.Output;

namespace Drover.Cli.Commands;

/// <summary><c>drover image …</c>: the guest images of a server. <c>build</c> makes Drover's own in this checkout.</summary>
internal static class ImageCommands
{
    public static Command Create(CliContext context, SharedOptions shared) => new("image", "Guest images")
    {
        List(context, shared),
        ImageAddCommand.Create(context, shared),
        Confirm(context, shared),
        Show(context, shared),
        Verify(context, shared),
        Remove(context, shared),
        Build(context, shared),
    };

    private static Command Build(CliContext context, SharedOptions shared)
    {
        var name = new Argument<string>("NAME") { Description = "Name of the image [default: drover]", DefaultValueFactory = _ => GuestImages.Standard, Arity = ArgumentArity.ZeroOrOne };
        var refresh = new Option<bool>("--refresh") { Description = "Take Debian's packages anew, with their updates" };
        var command = new Command("build", "Make an image, if what it is made of has changed") { name, refresh, shared.Quiet };
        command.SetAction(async (parsed, token) =>
        {
            var image = parsed.GetValue(name)!;
            if (!GuestImages.IsName(image))
            {
                throw new CliFailure(ExitCode.Usage, $"'{image}' is no name for an image.", "Use letters, digits, dots and dashes.");
            }

            var images = new GuestImages(Checkout.Find(context), context.ProgramFolder);
            await images.MakeAsync(image, parsed.GetValue(refresh) ? ["--refresh"] : [], line =>
            {
                if (!parsed.GetValue(shared.Quiet))
                {
                    context.Console.Error.WriteLine(TextSafety.Line(line));
                }
            }, token);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command List(CliContext context, SharedOptions shared)
    {
        var command = new Command("ls", "List images") { shared.Format, shared.Quiet };
        command.Aliases.Add("list");
        command.SetAction(async (parsed, token) =>
        {
            using var shop = ImageShop.Open(context, shared, parsed, orLocal: true);
            shared.Print(ImageListing.Of(await shop.ListAsync(token), context.Time.GetUtcNow()), context, parsed);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Show(CliContext context, SharedOptions shared)
    {
        var name = new Argument<string>("NAME") { Description = "Name of an image" };
        var command = new Command("show", "Everything about one image: digests, source, who uses it, where it is cached") { name, shared.Format, shared.Quiet };
        command.SetAction(async (parsed, token) =>
        {
            using var shop = ImageShop.Open(context, shared, parsed, orLocal: false);
            var image = ImageListing.ToJson(await shop.FindAsync(parsed.GetRequiredValue(name), token));
            if (shared.FormatOf(parsed) == OutputFormat.Table && !parsed.GetValue(shared.Quiet))
            {
                ImageListing.WriteFacts(image, context);
            }
            else
            {
                shared.Print(ImageListing.Of([image], context.Time.GetUtcNow()), context, parsed);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Verify(CliContext context, SharedOptions shared)
    {
        var names = new Argument<string[]>("NAME") { Description = "Names of images [default: all]", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("verify", "Compute the digests anew; an image whose files have changed is not given to machines any more") { names, shared.Format, shared.Quiet };
        command.SetAction(async (parsed, token) =>
        {
            using var shop = ImageShop.Open(context, shared, parsed, orLocal: false);
            var wanted = parsed.GetValue(names) is { Length: > 0 } given
                ? given
                : [.. (await shop.ListAsync(token)).Where(image => image.Text("state") is "active" or "broken").Select(image => image.Text("name")!)];
            var verified = new List<JsonObject>();
            foreach (var name in wanted)
            {
                await shop.FindAsync(name, token);
                verified.Add(ImageListing.ToJson(await shop.Api!.ActionAsync(ImageAdding.Type, name, "verify", null, token)));
            }

            shared.Print(ImageListing.Of(verified, context.Time.GetUtcNow()), context, parsed);
            return verified.Exists(image => image.Text("state") != "active") ? ExitCode.Failed : ExitCode.Ok;
        });
        return command;
    }

    private static Command Confirm(CliContext context, SharedOptions shared)
    {
        var name = new Argument<string>("NAME") { Description = "Name of an image that waits for it" };
        var command = new Command("confirm", "Say that the SHA-256 that was found is the right one") { name, shared.Format, shared.Quiet };
        command.SetAction(async (parsed, token) =>
        {
            using var shop = ImageShop.Open(context, shared, parsed, orLocal: false);
            var image = await shop.FindAsync(parsed.GetRequiredValue(name), token);
            ImageAddCommand.Confirm(image, yes: true, context.Console);
            var adding = new ImageAdding(shop.Api!, context.Time);
            await adding.ConfirmAsync(image.Id, token);
            shared.Print(ImageListing.Of([ImageListing.ToJson(await adding.FollowAsync(image.Id, _ => { }, token))], context.Time.GetUtcNow()), context, parsed);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Remove(CliContext context, SharedOptions shared)
    {
        var names = new Argument<string[]>("NAME") { Description = "Names of images", Arity = ArgumentArity.OneOrMore };
        var force = new Option<bool>("--force") { Description = "Also while machines use them; machines that run keep their copy" };
        var command = new Command("rm", "Remove images that no machine uses") { names, force };
        command.Aliases.Add("remove");
        command.SetAction(async (parsed, token) =>
        {
            using var shop = ImageShop.Open(context, shared, parsed, orLocal: true);
            foreach (var name in parsed.GetRequiredValue(names))
            {
                await shop.RemoveAsync(name, parsed.GetValue(force), token);
            }

            return ExitCode.Ok;
        });
        return command;
    }
}
