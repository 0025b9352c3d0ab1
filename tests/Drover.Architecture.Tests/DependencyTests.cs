namespace Drover.Architecture.Tests;

/// <summary>Who may know whom: the table of ARCHITECTURE.md ("Code map"), kept by force.</summary>
public sealed class DependencyTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Drover.Api"] = [],
        ["Drover.Mesos"] = [],
        ["Drover.Server"] = ["Drover.Api"],
        ["Drover.Web"] = ["Drover.Api"],
        ["Drover.Scheduler"] = ["Drover.Api", "Drover.Mesos"],
        ["Drover.Executor"] = ["Drover.Api", "Drover.Mesos"],
        ["Drover.Agent"] = ["Drover.Api"],
        ["Drover.Cli"] = ["Drover.Api"],
        ["Drover.LocalMesos"] = ["Drover.Mesos"],
        ["Drover.Daemon"] = ["Drover.Api", "Drover.Server", "Drover.Web", "Drover.Scheduler", "Drover.LocalMesos"],
    };

    public static TheoryData<string> ProjectFiles => [.. Repository.Projects];

    [Fact]
    public void Projects_AreTheTenOfTheDesign() =>
        Assert.Equal(Allowed.Keys.Order(StringComparer.Ordinal), Repository.Projects.Select(Repository.Name).Order(StringComparer.Ordinal));

    [Theory, MemberData(nameof(ProjectFiles))]
    public void Project_References_OnlyWhatItMayKnow(string project) =>
        Assert.Empty(Repository.References(project).Except(Allowed[Repository.Name(project)], StringComparer.Ordinal));

    [Theory]
    [InlineData("Drover.Web", "EntityFrameworkCore")]
    [InlineData("Drover.Cli", "EntityFrameworkCore")]
    [InlineData("Drover.Scheduler", "EntityFrameworkCore")]
    [InlineData("Drover.Server", "Protobuf")]
    [InlineData("Drover.Api", "Protobuf")]
    public void Project_DoesNotUse_TheLibraryOfAnotherPart(string name, string package) =>
        Assert.DoesNotContain(Repository.Packages(Repository.Projects.Single(p => Repository.Name(p) == name)), p => p.Contains(package, StringComparison.Ordinal));

    [Fact]
    public void Server_NeverSaysMesosOrQemu()
    {
        // "mesosConfig" and the driver name "mesos" are Rancher's wire words for a machine's specification.
        var offenders = Repository.SourceFiles
            .Where(f => f.Contains("/Drover.Server/", StringComparison.Ordinal))
            .Where(f => File.ReadAllText(f) is var text && (text.Contains("using Drover.Mesos", StringComparison.Ordinal) || text.Contains("Qemu", StringComparison.Ordinal)));
        Assert.Empty(offenders);
    }

    [Fact]
    public void SourceFiles_StayReadable()
    {
        var tooLong = Repository.SourceFiles
            .Where(f => !f.Contains("/Migrations/", StringComparison.Ordinal))
            .Where(f => File.ReadLines(f).Count() > 350)
            .Select(Path.GetFileName);
        Assert.Empty(tooLong);
    }

    [Fact]
    public void Leftovers_CarryACategory()
    {
        var bare = Repository.SourceFiles.Where(f => File.ReadLines(f).Any(l =>
            l.Contains("TODO", StringComparison.Ordinal) && !l.Contains("TODO-", StringComparison.Ordinal)));
        Assert.Empty(bare);
    }
}
