using System.Globalization;
using System.Linq.Expressions;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Api.Queries;

/// <summary>Makes a condition into an expression that both databases understand, and memory.</summary>
internal static class ConditionExpression
{
    private static readonly MethodInfo Compare = typeof(string).GetMethod(nameof(string.Compare), [typeof(string), typeof(string)])!;
    private static readonly MethodInfo StartsWith = typeof(string).GetMethod(nameof(string.StartsWith), [typeof(string)])!;
    private static readonly MethodInfo MemoryLike = typeof(ConditionExpression).GetMethod(nameof(IsLike), BindingFlags.Static | BindingFlags.NonPublic)!;
    private static readonly MethodInfo Like = typeof(DbFunctionsExtensions).GetMethod(nameof(DbFunctionsExtensions.Like), [typeof(DbFunctions), typeof(string), typeof(string)])!;

    public static IQueryable<TRow> Apply<TRow>(IQueryable<TRow> rows, Condition condition)
    {
        var row = Expression.Parameter(typeof(TRow), "row");
        var property = Expression.Property(row, condition.Field.FilterProperty!);
        return rows.Where(Expression.Lambda<Func<TRow, bool>>(Body(property, condition, rows is EnumerableQuery<TRow> ? MemoryLike : Like), row));
    }

    public static IQueryable<TRow> Order<TRow>(IQueryable<TRow> rows, string property, bool descending)
    {
        var row = Expression.Parameter(typeof(TRow), "row");
        var key = Expression.Lambda(Expression.Property(row, property), row);
        var method = descending ? nameof(Queryable.OrderByDescending) : nameof(Queryable.OrderBy);
        return rows.Provider.CreateQuery<TRow>(Expression.Call(typeof(Queryable), method, [typeof(TRow), key.ReturnType], rows.Expression, Expression.Quote(key)));
    }

    private static Expression Body(MemberExpression property, Condition condition, MethodInfo like)
    {
        switch (condition.Modifier)
        {
            case "null": return IsNull(property);
            case "notnull": return Expression.Not(IsNull(property));
        }

        if (property.Type == typeof(string))
        {
            return TextBody(property, condition, like);
        }

        // A value that names nothing equals nothing, and differs from everything.
        return ValueOf(property.Type, condition) is not { } value
            ? Expression.Constant(condition.Modifier == "ne")
            : Compared(condition.Modifier, property, Expression.Convert(Parameter(value, Nullable.GetUnderlyingType(property.Type) ?? property.Type), property.Type));
    }

    private static Expression TextBody(MemberExpression property, Condition condition, MethodInfo like)
    {
        var value = Parameter(condition.Value, typeof(string));
        return condition.Modifier switch
        {
            "eq" => Expression.Equal(property, value),
            "ne" => Expression.OrElse(IsNull(property), Expression.NotEqual(property, value)),
            "prefix" => Expression.AndAlso(Expression.Not(IsNull(property)), Expression.Call(property, StartsWith, value)),
            "like" => LikeCall(like, property, value),
            "notlike" => Expression.Not(LikeCall(like, property, value)),
            _ => Compared(condition.Modifier, Expression.Call(Compare, property, value), Expression.Constant(0)),
        };
    }

    private static BinaryExpression Compared(string modifier, Expression left, Expression right) => modifier switch
    {
        "ne" => Expression.NotEqual(left, right),
        "lt" => Expression.LessThan(left, right),
        "lte" => Expression.LessThanOrEqual(left, right),
        "gt" => Expression.GreaterThan(left, right),
        "gte" => Expression.GreaterThanOrEqual(left, right),
        _ => Expression.Equal(left, right),
    };

    private static object? ValueOf(Type property, Condition condition)
    {
        var type = Nullable.GetUnderlyingType(property) ?? property;
        var text = condition.Value;
        if (type == typeof(DateTimeOffset))
        {
            return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
        }

        if (type == typeof(long))
        {
            return Ids.TryParse(text, out var id) || long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out id) ? id : null;
        }

        try
        {
            return Convert.ChangeType(text, type, CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is FormatException or OverflowException or InvalidCastException)
        {
            return null;
        }
    }

    private static Expression IsNull(MemberExpression property) =>
        property.Type.IsValueType && Nullable.GetUnderlyingType(property.Type) is null
            ? Expression.Constant(false)
            : Expression.Equal(property, Expression.Constant(null, property.Type));

    private static MethodCallExpression LikeCall(MethodInfo like, Expression property, Expression value) =>
        Expression.Call(like, Expression.Constant(EF.Functions), property, value);

    /// <summary>SQL's LIKE for what is in memory: <c>%</c> for anything, <c>_</c> for one character, letters alike in both cases, as SQLite has it.</summary>
    private static bool IsLike(DbFunctions functions, string? text, string pattern) =>
        text is not null && Regex.IsMatch(text, $"^{Regex.Escape(pattern).Replace("%", ".*", StringComparison.Ordinal).Replace("_", ".", StringComparison.Ordinal)}$", RegexOptions.IgnoreCase | RegexOptions.Singleline | RegexOptions.NonBacktracking);

    /// <summary>As a captured variable, so that the database sees a parameter and EF caches one query for all values.</summary>
    private static UnaryExpression Parameter(object value, Type type) =>
        Expression.Convert(Expression.Property(Expression.Constant(new Box { Value = value }), nameof(Box.Value)), type);

    private sealed class Box
    {
        public required object Value { get; init; }
    }
}
