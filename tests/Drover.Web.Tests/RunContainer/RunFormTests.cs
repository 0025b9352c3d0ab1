using Drover.Api.Cattle;
using Drover.Web.RunContainer;

namespace Drover.Web.Tests.RunContainer;

public sealed class RunFormTests
{
    private readonly RunForm _form = new() { Image = "nginx:1.27" };

    [Fact]
    public void Read_Everything_IsTheRequestAndTheCommandLine()
    {
        (_form.Name, _form.Host, _form.HostName, _form.Command) = ("web", "1h1", "alpha", "nginx -g 'daemon off;'");
        (_form.Ports, _form.Volumes, _form.Environment) = ("8080:80, 53:53/udp", "data:/var/lib/data /src:/dst:ro", "A=1\nB=two words, and = signs\n");
        (_form.Restart, _form.RestartCount, _form.Memory, _form.Cpus, _form.Labels, _form.Tty) = ("on-failure", "3", "512MiB", "0.5", "tier=web", true);
        Assert.Empty(_form.Errors());

        var spec = _form.Read();

        Assert.Equal(
            """{"imageUuid":"docker:nginx:1.27","name":"web","requestedHostId":"1h1","command":["nginx","-g","daemon off;"],"environment":{"A":"1","B":"two words, and = signs"},"ports":["8080:80/tcp","53:53/udp"],"dataVolumes":["data:/var/lib/data","/src:/dst:ro"],"restartPolicy":{"name":"on-failure","maximumRetryCount":3},"memory":536870912,"milliCpu":500,"labels":{"tier":"web"},"tty":true,"stdinOpen":true}""",
            spec.ToRequest().ToJsonString());
        Assert.Equal(
            "drover run -d --name web --host alpha -p 8080:80 -p 53:53/udp -v data:/var/lib/data -v /src:/dst:ro -e A=1 -e 'B=two words, and = signs' --restart on-failure:3 --memory 512MiB --cpus 0.5 --label tier=web -i -t nginx:1.27 -- nginx -g 'daemon off;'",
            spec.ToCommandLine());
    }

    [Fact]
    public void Read_OnlyAnImage_SaysNothingElse()
    {
        Assert.Equal("""{"imageUuid":"docker:nginx:1.27"}""", _form.Read().ToRequest().ToJsonString());
        Assert.Equal("drover run -d nginx:1.27", _form.Read().ToCommandLine());
    }

    [Theory]
    [InlineData("image", "")]
    [InlineData("image", "nginx -g")]
    [InlineData("image", "https://registry/nginx")]
    [InlineData("name", "-web")]
    [InlineData("name", "web 1")]
    [InlineData("ports", "80:x")]
    [InlineData("ports", "80:80/icmp")]
    [InlineData("ports", "70000:80")]
    [InlineData("volumes", "data")]
    [InlineData("volumes", "data:relative")]
    [InlineData("volumes", "data:/x:no")]
    [InlineData("environment", "=x")]
    [InlineData("memory", "much")]
    [InlineData("cpus", "0")]
    [InlineData("labels", "web")]
    public void Errors_OfAWrongField_StandThere(string field, string text)
    {
        _ = field switch
        {
            "image" => _form.Image = text,
            "name" => _form.Name = text,
            "ports" => _form.Ports = text,
            "volumes" => _form.Volumes = text,
            "environment" => _form.Environment = text,
            "memory" => _form.Memory = text,
            "cpus" => _form.Cpus = text,
            _ => _form.Labels = text,
        };
        Assert.Equal(field, Assert.Single(_form.Errors()).Key);
    }

    [Theory]
    [InlineData("80")]
    [InlineData("8080:80")]
    [InlineData("127.0.0.1:8080:80/tcp")]
    public void Errors_OfAPortThatDockerTakes_AreNone(string port)
    {
        _form.Ports = port;
        Assert.Empty(_form.Errors());
    }

    [Theory]
    [InlineData("imageUuid", "image")]
    [InlineData("dataVolumes", "volumes")]
    [InlineData("ports[1]", "ports")]
    [InlineData("requestedHostId", "host")]
    public void Refuse_FieldOfTheApi_StandsAtOursUntilItIsChanged(string api, string ours)
    {
        Assert.True(_form.Refuse(new CattleException(422, "InvalidReference", "It is not there.", api)));
        Assert.Equal("It is not there.", _form.Errors()[ours]);
        _form.Touch(ours);
        Assert.Empty(_form.Errors());
        Assert.False(_form.Refuse(new CattleException(409, "Conflict", "Another one.", null)));
    }
}
