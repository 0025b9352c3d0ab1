using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Server.Api.Output;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore.ChangeTracking;

namespace Drover.Server.Machines;

/// <summary>How long a machine is kept: protection against removal, and the date at which it is removed by itself.</summary>
/// <remarks>Protection wins: a date that passes while a machine is protected is dropped when the protection goes, so that taking it away never removes anything.</remarks>
internal static class MachineKeeping
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    public static void AddTo(ResourceType type)
    {
        type.Add(new Field
        {
            Name = "protected",
            Type = "boolean",
            Get = (r, _) => ((MachineRow)r).Protected,
            Set = (r, v) => ((MachineRow)r).Protected = v?.GetValue<bool>() ?? false,
        }).Creatable().Updatable().Filter(nameof(MachineRow.Protected)).Says("While true nobody can remove it.");
        var date = DateField.Add<MachineRow>(type, "deleteAt", r => r.DeleteAt, (r, v) => r.DeleteAt = v is null ? null : Date(v.GetValue<string>()));
        date.Creatable().Updatable().Checked(Canonical).Says("When it is removed by itself, in the future; null: never.");
        type.Add(new Field
        {
            Name = "deleteAfter",
            Type = "string",
            Set = (r, v) => ((MachineRow)r).DeleteAfter = v?.GetValue<string>(),
        }).Creatable().Updatable().Length(1, 32).Says("Sets deleteAt to so long from now: 90s, 30m, 2h, 7d. Never shown.");
    }

    /// <summary>Brings what was asked together, once the fields are set.</summary>
    /// <param name="entry">How the tracked row differs from the stored one; null for a new one.</param>
    public static void Settle(MachineRow row, EntityEntry<MachineRow>? entry, DateTimeOffset now)
    {
        if (row.DeleteAfter is { } after)
        {
            row.DeleteAt = now + Span(after);
            row.DeleteAfter = null;
        }
        else if (row.DeleteAt <= now && entry?.Property(m => m.DeleteAt).IsModified != false)
        {
            throw ApiError.Invalid("InvalidOption", "deleteAt", $"{Dates.Text(row.DeleteAt.Value)} has passed; deleteAt must be in the future.");
        }
        else if (row.DeleteAt <= now && !row.Protected && entry!.Property(m => m.Protected).IsModified)
        {
            row.DeleteAt = null;
        }
    }

    /// <exception cref="ApiError">409: it is protected.</exception>
    public static void RefuseIfProtected(MachineRow row)
    {
        if (row.Protected)
        {
            throw new ApiError(409, "Protected", $"The machine '{row.Name}' is protected and cannot be removed. Take the protection away first: set \"protected\" to false, or 'drover host unprotect {row.Name}'.", "protected");
        }
    }

    private static JsonNode Canonical(JsonNode value) => JsonValue.Create(Dates.Text(Date(value.GetValue<string>())));

    private static DateTimeOffset Date(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var date)
            ? date
            : throw ApiError.Invalid("InvalidDateFormat", "deleteAt", $"'{text}' is no date; write it as 2026-05-01T18:00:00Z, or give deleteAfter: 2h.");

    private static TimeSpan Span(string text)
    {
        var digits = text.Trim().TakeWhile(char.IsAsciiDigit).Count();
        double? unit = text.Trim()[digits..] switch { "s" => 1, "m" or "min" => 60, "h" => 3600, "d" => 86400, _ => null };
        if (unit is not { } seconds || !double.TryParse(text.Trim()[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            throw ApiError.Invalid("InvalidFormat", "deleteAfter", $"'{text}' is no length of time; write 90s, 30m, 2h or 7d.");
        }

        return number * seconds is > 0 and var total && total <= Longest.TotalSeconds
            ? TimeSpan.FromSeconds(total)
            : throw ApiError.Invalid(number == 0 ? "MinLimitExceeded" : "MaxLimitExceeded", "deleteAfter", $"deleteAfter must be more than nothing and at most {Longest.TotalDays:0}d.");
    }
}
