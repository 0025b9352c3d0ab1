namespace Drover.Cli.Tests;

/// <summary>Tests that look at what belongs to the whole process, and would see what other tests do with it.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
