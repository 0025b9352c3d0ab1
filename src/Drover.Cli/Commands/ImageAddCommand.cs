using System.CommandLine;
using Drover.Api.Cattle;
using Drover.Cli.Images;
using Drover.Cli.Local;
using Drover.Cli.Output;

namespace Drover.Cli.Commands;

/// <summary><c>drover image add NAME SOURCE</c>: a cloud image from an address or a file.</summary>
internal static class ImageAddCommand
{
    public static Command Create(CliContext context, SharedOptions shared)
    {
        var name = new Argument<string>("NAME") { Description = "Name of the new image" };
        var source = new Argument<string>("SOURCE") { Description = "Address or file of a qcow2 or raw disk that runs cloud-init" };
        var sha256 = new Option<string?>("--sha256") { Description = "SHA-256 that the file must have; without it you are shown the one that was found", HelpName = "HEX" };
        var boot = new Option<string?>("--boot") { Description = "Firmware that starts it: bios or uefi [default: bios]", HelpName = "FIRMWARE" };
        boot.AcceptOnlyFromAmong("bios", "uefi");
        var yes = new Option<bool>("--yes", "-y") { Description = "Take the file without --sha256 as it is" };
        var noWait = new Option<bool>("--no-wait") { Description = "Return as soon as it is asked for" };
        var timeout = SharedOptions.Timeout(TimeSpan.FromHours(2));
        var command = new Command("add", "Add a cloud image from an address or a file") { name, source, sha256, boot, yes, noWait, timeout, shared.Format, shared.Quiet };
        command.SetAction(async (parsed, token) =>
        {
            var image = parsed.GetRequiredValue(name);
            if (!GuestImages.IsName(image))
            {
                throw new CliFailure(ExitCode.Usage, $"'{image}' is no name for an image.", "Use letters, digits, dots, dashes and underscores.");
            }

            var from = ImageSource.Of(parsed.GetRequiredValue(source));
            using var shop = ImageShop.Open(context, shared, parsed, orLocal: false);
            using var limit = new CancellationTokenSource(parsed.GetValue(timeout), context.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, token);
            var adding = new ImageAdding(shop.Api!, context.Time);
            try
            {
                var added = await FollowAsync(adding, image, from, parsed, sha256, boot, noWait, shared.Board(context, parsed), context, either.Token);
                if (added.State == "unconfirmed")
                {
                    Confirm(added, parsed.GetValue(yes), context.Console);
                    await adding.ConfirmAsync(image, either.Token);
                    added = await adding.FollowAsync(image, _ => { }, either.Token);
                }

                shared.Print(ImageListing.Of([ImageListing.ToJson(added)], context.Time.GetUtcNow()), context, parsed);
                return added.State == "failed" ? throw new CliFailure(ExitCode.Failed, $"The image '{image}' could not be added: {added.TransitioningMessage}", $"'drover image rm {image}' takes it away.") : ExitCode.Ok;
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested && !token.IsCancellationRequested)
            {
                throw new CliFailure(ExitCode.Timeout, $"Not there after {Durations.Display(parsed.GetValue(timeout))}; the server goes on.", $"'drover image show {image}' tells how far it is.");
            }
        });
        return command;
    }

    /// <summary>A digest that nobody named is shown, and taken only when a person or <c>--yes</c> says so.</summary>
    internal static void Confirm(CattleResource image, bool yes, CliConsole console)
    {
        console.Error.WriteLine($"The file's SHA-256 is {TextSafety.Line(image.Text("sha256") ?? "")}");
        if (yes)
        {
            return;
        }

        var later = $"'drover image confirm {image.Name}' takes it, 'drover image rm {image.Name}' does not.";
        if (!console.IsInteractive)
        {
            throw new CliFailure(ExitCode.Refused, "Nobody said which SHA-256 it should have, and there is no terminal to ask on.", later);
        }

        if (console.Ask("Is that the one that its publisher names? [y/N] ")?.Trim() is not ("y" or "Y" or "yes"))
        {
            throw new CliFailure(ExitCode.Refused, "Not confirmed.", later);
        }
    }

    private static async Task<CattleResource> FollowAsync(
        ImageAdding adding, string image, ImageSource from, ParseResult parsed, Option<string?> sha256, Option<string?> boot, Option<bool> noWait, IStepBoard board, CliContext context, CancellationToken token)
    {
        CattleResource? added = null;
        await using (board)
        {
            await new StepRunner(board, context.Time).RunAsync("image", async note =>
            {
                added = await adding.AskAsync(image, from, parsed.GetValue(sha256), parsed.GetValue(boot), note, token);
                if (!parsed.GetValue(noWait))
                {
                    added = await adding.FollowAsync(image, note, token);
                }

                return new StepResult(added.State);
            });
        }

        return added!;
    }
}
