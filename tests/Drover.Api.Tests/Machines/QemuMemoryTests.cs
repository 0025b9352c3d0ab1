using Drover.Api.Machines;

namespace Drover.Api.Tests.Machines;

public sealed class QemuMemoryTests
{
    [Theory]
    [InlineData(64, 128)]
    [InlineData(2048, 128)]
    [InlineData(4096, 192)]
    [InlineData(8192, 320)]
    [InlineData(65536, 320)]
    public void Overhead_GrowsWithTheGuestWithinBounds(long guest, long overhead) => Assert.Equal(overhead, QemuMemory.Overhead(guest));
}
