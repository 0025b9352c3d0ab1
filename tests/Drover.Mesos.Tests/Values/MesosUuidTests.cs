using Google.Protobuf;

namespace Drover.Mesos.Tests.Values;

public sealed class MesosUuidTests
{
    [Fact]
    public void Create_Many_AreVersion4InBigEndianOrder()
    {
        for (var i = 0; i < 1000; i++)
        {
            var uuid = MesosUuid.Create();
            Assert.Equal(4, uuid[6] >> 4);
            Assert.True(MesosUuid.IsValid(uuid));
            Assert.Equal('4', MesosUuid.ToText(uuid)[14]);
        }
    }

    [Theory]
    [InlineData(0x00, false)]
    [InlineData(0x10, true)]
    [InlineData(0x50, true)]
    [InlineData(0x60, false)]
    [InlineData(0x70, false)]
    [InlineData(0xF0, false)]
    public void IsValid_ByVersionNibble_TakesOneToFive(byte version, bool valid)
    {
        var bytes = new byte[16];
        bytes[6] = version;
        Assert.Equal(valid, MesosUuid.IsValid(ByteString.CopyFrom(bytes)));
    }

    [Fact]
    public void IsValid_OtherLengths_AreRefused()
    {
        Assert.False(MesosUuid.IsValid(null));
        Assert.False(MesosUuid.IsValid(ByteString.Empty));
        Assert.False(MesosUuid.IsValid(ByteString.CopyFrom(new byte[17])));
    }
}
