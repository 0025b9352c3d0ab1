using System.Diagnostics.CodeAnalysis;

namespace Drover.Agent.Session;

/// <summary>What the answer of <c>/v1/scripts/TOKEN</c> tells an agent. It is a shell script for hosts that people register by hand;
/// the agent never runs it, it reads the exports (cattle-api §3.5, step 1).</summary>
internal sealed record RegistrationScript(Uri Url, string AccessKey, string SecretKey)
{
    public static bool TryParse(string text, [NotNullWhen(true)] out RegistrationScript? script, [NotNullWhen(false)] out string? error)
    {
        script = null;
        error = null;
        if (!text.StartsWith("#!/bin/sh", StringComparison.Ordinal))
        {
            error = "the registration address does not answer with a registration script";
            return false;
        }

        string? url = null, access = null, secret = null;
        foreach (var line in text.Split('\n'))
        {
            var assignment = line.Trim();
            if (assignment.StartsWith("export ", StringComparison.Ordinal))
            {
                assignment = assignment["export ".Length..].TrimStart();
            }

            var equals = assignment.IndexOf('=');
            if (equals <= 0)
            {
                continue;
            }

            var value = Unquote(assignment[(equals + 1)..]);
            switch (assignment[..equals])
            {
                case "CATTLE_URL":
                    url = value;
                    break;
                case "CATTLE_REGISTRATION_ACCESS_KEY":
                    access = value;
                    break;
                case "CATTLE_REGISTRATION_SECRET_KEY":
                    secret = value;
                    break;
                default:
                    break;
            }
        }

        if (!Uri.TryCreate(url, UriKind.Absolute, out var root) || root.Scheme is not ("http" or "https"))
        {
            error = "the registration script names no server (CATTLE_URL)";
            return false;
        }

        if (string.IsNullOrEmpty(access) || string.IsNullOrEmpty(secret))
        {
            error = "the registration script holds no registration key";
            return false;
        }

        script = new RegistrationScript(root, access, secret);
        return true;
    }

    /// <summary>Without the quotes around it, or, unquoted, up to the first blank or semicolon.</summary>
    private static string Unquote(string value)
    {
        if (value.Length > 0 && value[0] is '"' or '\'')
        {
            var end = value.IndexOf(value[0], 1);
            return end < 0 ? "" : value[1..end];
        }

        var stop = value.AsSpan().IndexOfAny(" \t;");
        return stop < 0 ? value : value[..stop];
    }
}
