using System.CommandLine;
using System.Formats.Tar;
using Drover.Cli.Containers;
using Drover.Cli.Docker;

namespace Drover.Cli.Commands;

/// <summary><c>drover cp CONTAINER:PATH PATH</c> and the other way: files of a container, by docker's rules.</summary>
internal static class CopyCommand
{
    public static Command Create(CliContext context, SharedOptions shared)
    {
        var from = new Argument<string>("FROM") { Description = "PATH, or CONTAINER:PATH; - for an archive from standard input", HelpName = "FROM" };
        var to = new Argument<string>("TO") { Description = "CONTAINER:PATH, or PATH; - for an archive to standard output", HelpName = "TO" };
        var command = new Command("cp", "Copy files into a container or out of it: drover cp web:/etc/hosts .") { from, to };
        command.SetAction(async (parsed, token) =>
        {
            var (source, target) = (Place.Parse(parsed.GetRequiredValue(from)), Place.Parse(parsed.GetRequiredValue(to)));
            if (source.Container is null == target.Container is null)
            {
                throw new CliFailure(ExitCode.Usage, "One of FROM and TO is in a container, and the other is not.", "drover cp web:/etc/hosts . or drover cp app.conf web:/etc/");
            }

            using var server = shared.Choose(context, parsed);
            var environment = await server.EnvironmentAsync(token);
            var container = (await new ContainerDirectory(environment).ResolveAsync([source.Container ?? target.Container!], token))[0];
            await using var tunnel = new HostTunnel(environment, container.Container.Text("hostId")!);
            await DockerHost.TryAsync(tunnel, token);
            using var archive = new DockerArchive(tunnel, container.DockerId);
            try
            {
                await (source.Container is null ? IntoAsync(archive, source.Path, target.Path, token) : OutOfAsync(archive, source.Path, target.Path, token));
            }
            catch (HttpRequestException e)
            {
                throw new CliFailure(ExitCode.Unreachable, $"The connection to the host broke: {e.InnerException?.Message ?? e.Message}");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task IntoAsync(DockerArchive archive, string from, string to, CancellationToken token)
    {
        var isFolder = await archive.IsFolderAsync(to, token);
        if (from == "-")
        {
            await using var input = Console.OpenStandardInput();
            await archive.WriteAsync(to, stream => input.CopyToAsync(stream, token), token);
            return;
        }

        var local = Path.GetFullPath(from);
        if (!File.Exists(local) && !Directory.Exists(local))
        {
            throw new CliFailure(ExitCode.NotFound, $"There is no file or folder '{from}'.");
        }

        if (isFolder is null && to.EndsWith('/'))
        {
            throw new CliFailure(ExitCode.NotFound, $"There is no folder '{to}' in the container.");
        }

        // Into a folder under its own name; elsewhere under the name that was asked for.
        var (folder, name) = isFolder == true ? (to, Path.GetFileName(Path.TrimEndingDirectorySeparator(local))) : (ParentOf(to), to.TrimEnd('/')[(to.TrimEnd('/').LastIndexOf('/') + 1)..]);
        await archive.WriteAsync(folder, stream => PackAsync(local, name, stream, token), token);
    }

    private static async Task PackAsync(string local, string name, Stream stream, CancellationToken token)
    {
        await using var tar = new TarWriter(stream, TarEntryFormat.Pax, leaveOpen: true);
        await tar.WriteEntryAsync(local, name, token);
        if (Directory.Exists(local) && new DirectoryInfo(local).LinkTarget is null)
        {
            foreach (var entry in Directory.EnumerateFileSystemEntries(local, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false }).Order(StringComparer.Ordinal))
            {
                await tar.WriteEntryAsync(entry, $"{name}/{Path.GetRelativePath(local, entry)}", token);
            }
        }
    }

    private static async Task OutOfAsync(DockerArchive archive, string from, string to, CancellationToken token)
    {
        if (to == "-")
        {
            await using var output = Console.OpenStandardOutput();
            await archive.ReadAsync(from, stream => stream.CopyToAsync(output, token), token);
            return;
        }

        var local = Path.GetFullPath(to);
        var into = Directory.Exists(local);
        if (!into && (to.EndsWith('/') || !Directory.Exists(Path.GetDirectoryName(local))))
        {
            throw new CliFailure(ExitCode.NotFound, $"There is no folder '{(to.EndsWith('/') ? to : Path.GetDirectoryName(local))}' here.");
        }

        // Beside the target first, so that a copy that breaks leaves nothing half done under the name that was asked for.
        var work = Directory.CreateTempSubdirectory("drover-cp-").FullName;
        try
        {
            await archive.ReadAsync(from, stream => TarFile.ExtractToDirectoryAsync(stream, work, overwriteFiles: true, token), token);
            foreach (var entry in Directory.EnumerateFileSystemEntries(work))
            {
                Put(entry, into ? Path.Combine(local, Path.GetFileName(entry)) : local);
            }
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    /// <summary>Across file systems too, and into folders that are there.</summary>
    private static void Put(string from, string to)
    {
        if (File.GetAttributes(from).HasFlag(FileAttributes.Directory) && new DirectoryInfo(from).LinkTarget is null)
        {
            Directory.CreateDirectory(to);
            foreach (var entry in Directory.EnumerateFileSystemEntries(from))
            {
                Put(entry, Path.Combine(to, Path.GetFileName(entry)));
            }
        }
        else
        {
            File.Move(from, to, overwrite: true);
        }
    }

    private static string ParentOf(string path) => path.TrimEnd('/').LastIndexOf('/') is > 0 and var at ? path[..at] : "/";

    private sealed record Place(string? Container, string Path)
    {
        /// <summary>What begins with <c>/</c> or <c>.</c> is here, whatever colons follow, as docker has it.</summary>
        public static Place Parse(string text) =>
            text.StartsWith('/') || text.StartsWith('.') || text.IndexOf(':', StringComparison.Ordinal) is var colon && colon <= 0
                ? new Place(null, text)
                : new Place(text[..colon], text[(colon + 1)..] is { Length: > 0 } path ? path : "/");
    }
}
