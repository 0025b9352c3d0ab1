using System.Globalization;
using System.Text.Json.Nodes;
using Docker.DotNet;
using Docker.DotNet.Models;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Containers;
using Drover.Server.Containers.Access;
using Drover.Server.Containers.Orders;
using Drover.Server.Storage;

namespace Drover.Server.Hosts;

/// <summary>The actions and links of a host that lead to streams (a shell, a pull, statistics), and the container images that its Docker has.</summary>
internal static class HostAccess
{
    private const string PullInput = "hostPullInput";
    private const string Image = "containerImage";

    public static IEnumerable<EmbeddedType> Types()
    {
        var pull = new EmbeddedType { Name = PullInput, Plural = PullInput + "s" };
        pull.Plain("imageUuid", "string").Creatable().Required().Checked(ContainerFields.CheckImage);
        yield return pull;
        var image = new EmbeddedType { Name = Image, Plural = Image + "s" };
        image.Plain("id", "string");
        image.Plain("tags", "array[string]");
        image.Plain("size", "int").Says("Bytes.");
        image.Plain("created", "date");
        image.Plain("containers", "int").Says("How many of the host are made from it.");
        yield return image;
    }

    public static void AddTo(HostType type, StreamTokens tokens, Inventories inventories, ContainerBoard board)
    {
        Action("shell", null, ExecType.Path, Roles.Infrastructure);
        Action("pull", PullInput, PullType.Path, ContainerType.Users);
        type.Links.Add(new LinkRule { Name = "hostStats", Target = "statsAccess", Custom = (context, row) => Task.FromResult(ApiResult.Ok(StreamAnswer.Of(context, tokens, "statsAccess", new StreamRight(HostStatsType.Path, row.Id, 0, [])))) });
        type.Links.Add(new LinkRule { Name = "images", Target = Image, Readers = Roles.InEnvironment | Roles.Service | Roles.Admin, Custom = (context, row) => ImagesAsync(context, inventories, board, (HostRow)row) });

        void Action(string name, string? input, string kind, Roles roles) => type.Actions.Add(new ActionRule
        {
            Name = name,
            Roles = roles,
            Input = input,
            Output = "hostAccess",
            Available = row => row.State == "active",
            Run = async (context, row, body) =>
            {
                var arguments = input is null ? [] : await FieldChecks.ForInputAsync(context.Registry().Find(input)!, context, body);
                arguments["account"] = row.AccountId;
                return StreamAnswer.Of(context, tokens, "hostAccess", new StreamRight(kind, row.Id, 0, arguments));
            },
        });
    }

    private static async Task<ApiResult> ImagesAsync(ApiContext context, Inventories inventories, ContainerBoard board, HostRow host)
    {
        var docker = inventories.DockerOf(host.Id) ?? throw new ApiError(503, "HostNotConnected", "The host is not connected at present; its link returns by itself.");
        try
        {
            var images = await docker.Client.Images.ListImagesAsync(new ImagesListParameters(), context.Aborted);
            var used = board.OfHost(host.Id).Where(c => c.Removed is null).GroupBy(c => c.ImageId, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);
            return ApiResult.Ok(new JsonObject
            {
                ["type"] = "collection",
                ["resourceType"] = Image,
                ["links"] = new JsonObject { ["self"] = $"{context.Root}/hosts/{Api.Ids.Format("h", host.Id)}/images" },
                ["data"] = new JsonArray([.. images.OrderBy(image => image.RepoTags?.FirstOrDefault() ?? "~", StringComparer.Ordinal).Select(image => (JsonNode)new JsonObject
                {
                    ["id"] = image.ID,
                    ["type"] = Image,
                    ["tags"] = new JsonArray([.. (image.RepoTags ?? []).Where(tag => tag != "<none>:<none>").Select(tag => (JsonNode)tag)]),
                    ["size"] = image.Size,
                    ["created"] = new DateTimeOffset(image.Created.ToUniversalTime(), TimeSpan.Zero).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
                    ["containers"] = used.GetValueOrDefault(image.ID),
                })]),
            });
        }
        catch (DockerApiException e)
        {
            throw new ApiError(409, "DockerRefused", DockerFault.Sentence(e));
        }
        catch (Exception e) when (DockerFault.IsAway(e, context.Aborted))
        {
            throw new ApiError(503, "HostNotConnected", DockerFault.Away(e));
        }
    }
}
