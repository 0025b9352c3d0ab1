using System.Security.Cryptography;
using Drover.Server.Api.Requests;
using Drover.Server.Identity;

namespace Drover.Server.Consoles;

/// <summary>The tickets of this server. In memory: a console does not outlive the server, and a person asks for another.</summary>
/// <remarks>TODO-scale: with several servers behind one address, both ends must come to the server that gave the ticket.</remarks>
internal sealed class ConsoleTickets(TimeProvider time)
{
    /// <summary>Consoles of one machine at a time, those about to be opened included.</summary>
    public const int MostPerMachine = 8;

    private static readonly TimeSpan s_lifetime = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, ConsoleTicket> _tickets = new(StringComparer.Ordinal);

    /// <summary>422 when the machine has too many open.</summary>
    public ConsoleTicket Issue(long machineId, string kind)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            foreach (var old in _tickets.Values.Where(t => !t.Used && t.Expires <= now).ToList())
            {
                _tickets.Remove(old.Id);
            }

            if (_tickets.Values.Count(t => t.MachineId == machineId) >= MostPerMachine)
            {
                throw new ApiError(422, "MaxLimitExceeded", $"{MostPerMachine} consoles of this machine are open, or about to be; close one first.");
            }

            var ticket = new ConsoleTicket
            {
                Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12)),
                MachineId = machineId,
                Kind = kind,
                Token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)),
                Secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)),
                Expires = now + s_lifetime,
            };
            return _tickets[ticket.Id] = ticket;
        }
    }

    /// <summary>The ticket, from now on in use; null unless the token is the right one, in time, for the first time.</summary>
    public ConsoleTicket? Use(string id, string? token)
    {
        lock (_gate)
        {
            if (Find(id) is not { Used: false } ticket || token is null || !Secrets.Same(token, ticket.Token) || ticket.Expires <= time.GetUtcNow())
            {
                return null;
            }

            ticket.Used = true;
            return ticket;
        }
    }

    /// <summary>The ticket whose machine's end has this secret and is waited for.</summary>
    public ConsoleTicket? Awaited(string id, string? secret)
    {
        lock (_gate)
        {
            return Find(id) is { Used: true, Machine.Task.IsCompleted: false } ticket && secret is not null && Secrets.Same(secret, ticket.Secret) ? ticket : null;
        }
    }

    public void End(ConsoleTicket ticket)
    {
        lock (_gate)
        {
            _tickets.Remove(ticket.Id);
        }

        ticket.Machine.TrySetCanceled();
        ticket.Over.TrySetResult();
    }

    private ConsoleTicket? Find(string id) => _tickets.GetValueOrDefault(id);
}
