using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Server.Api.Output;
using Drover.Server.Api.Queries;
using Drover.Server.Api.Requests;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Api.Registry;

/// <summary>A type whose resources are rows: lists, filters, sorts, pages and reads them within what the caller may see.</summary>
internal abstract class TableType<TRow> : ResourceType
    where TRow : class, IRow
{
    public override Type RowType => typeof(TRow);

    public override async Task<ApiResult> ListAsync(ApiContext context)
    {
        var query = CollectionQuery.Parse(context.Http.Request.Query, this);
        var rows = Scope(context, Rows(context.Db)).AsNoTracking();
        if (context.Narrow is { } narrow)
        {
            var field = new Field { Name = "id", Type = "reference" }.Filter(narrow.Property);
            rows = ConditionExpression.Apply(rows, new Condition(field, "eq", narrow.Id.ToString(CultureInfo.InvariantCulture)));
        }

        if (!query.Conditions.Any(c => c.Field.Name == "removed"))
        {
            rows = HideRemoved(rows, context.Now() - CollectionReader.ShowRemoved);
        }

        var (page, next) = await CollectionReader.ReadAsync(rows, query, context.Aborted);
        await BeforeWriteAsync(context, page);
        var output = context.Output;
        var data = page.Select(row => (JsonNode)Write(row, output)).ToArray();
        return ApiResult.Ok(CollectionReader.Frame(this, context, data, query, next));
    }

    public override async Task<ApiResult> GetAsync(ApiContext context, string id)
    {
        var row = await FindAsync(context, id);
        await BeforeWriteAsync(context, [row]);
        return ApiResult.Ok(Write(row, context.Output));
    }

    protected virtual IQueryable<TRow> Rows(AppDb db) => db.Set<TRow>();

    /// <summary>Keeps to the rows that the caller may see: all for admin and service, else those of the account that the call acts in.</summary>
    protected abstract IQueryable<TRow> Scope(ApiContext context, IQueryable<TRow> rows);

    protected virtual IQueryable<TRow> HideRemoved(IQueryable<TRow> rows, DateTimeOffset since) => rows;

    /// <summary>Gathers what writing these rows needs beyond the rows.</summary>
    protected virtual Task BeforeWriteAsync(ApiContext context, IReadOnlyList<TRow> rows) => Task.CompletedTask;

    protected abstract JsonObject Write(TRow row, OutputContext context);

    protected async Task<TRow> FindAsync(ApiContext context, string id) =>
        TryParseId(context, id, out var number) && await Scope(context, Rows(context.Db)).FirstOrDefaultAsync(x => x.Id == number, context.Aborted) is { } row
            ? row
            : throw ApiError.NotFound($"{Name} '{(id.Length > 64 ? id[..64] : id)}'");

    /// <summary>A field with a column.</summary>
    protected Field Column(string name, string type, Func<TRow, JsonNode?> get, Action<TRow, JsonNode?>? set = null) => Add(new Field
    {
        Name = name,
        Type = type,
        Get = (row, _) => get((TRow)row),
        Set = set is null ? null : (row, value) => set((TRow)(object)row, value),
    });

    /// <summary>A column that holds another resource's number.</summary>
    protected Field Reference(string name, string target, string letters, Func<TRow, long?> get, Action<TRow, long?>? set = null) => Add(new Field
    {
        Name = name,
        Type = $"reference[{target}]",
        Get = (row, context) => get((TRow)row) is { } id ? context.PlainIds ? id : Ids.Format(letters, id) : null,
        Set = set is null ? null : (row, value) => set((TRow)(object)row, value?.GetValue<long>()),
    });

    private static bool TryParseId(ApiContext context, string id, out long number) =>
        (context.Caller.SeesAll && context.Http.Request.Query.ContainsKey("_plainId") && long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out number))
        || Ids.TryParse(id, out number);
}

/// <summary>A date and its twin in milliseconds.</summary>
internal static class DateField
{
    public static Field Add<TRow>(ResourceType type, string name, Func<TRow, DateTimeOffset?> get, Action<TRow, JsonNode?>? set = null) => type.Add(new Field
    {
        Name = name,
        Type = "date",
        Get = (row, _) => get((TRow)row) is { } time ? JsonValue.Create(Dates.Text(time)) : null,
        Millis = row => get((TRow)row)?.ToUnixTimeMilliseconds(),
        Set = set is null ? null : (row, value) => set((TRow)(object)row, value),
    });
}
