using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Drover.Server.Storage;

/// <summary>The database, whichever provider. What is provider specific lives in the derived class and nowhere else.</summary>
/// <remarks>Write through <see cref="StoreAsync"/> (one save) or <see cref="WriteAsync"/> (several that count as one). What must happen only
/// after the data is safe (sending an event, waking a loop) is given to <see cref="AfterCommit"/>.</remarks>
internal abstract class AppDb(DbContextOptions options) : DbContext(options)
{
    private readonly List<Action> _afterCommit = [];
    private readonly HashSet<RowChange> _changed = [];

    public DbSet<AccountRow> Accounts => Set<AccountRow>();

    public DbSet<ProjectMemberRow> ProjectMembers => Set<ProjectMemberRow>();

    public DbSet<CredentialRow> Credentials => Set<CredentialRow>();

    public DbSet<SessionRow> Sessions => Set<SessionRow>();

    public DbSet<SettingRow> Settings => Set<SettingRow>();

    public DbSet<AuditRow> Audit => Set<AuditRow>();

    public DbSet<MachineRow> Machines => Set<MachineRow>();

    public DbSet<HostRow> Hosts => Set<HostRow>();

    public DbSet<LoadHourRow> LoadHours => Set<LoadHourRow>();

    public DbSet<AgentRow> Agents => Set<AgentRow>();

    public DbSet<RegisterRow> Registers => Set<RegisterRow>();

    public DbSet<ExternalHandlerRow> ExternalHandlers => Set<ExternalHandlerRow>();

    public DbSet<ExternalHandlerProcessRow> ExternalHandlerProcesses => Set<ExternalHandlerProcessRow>();

    public DbSet<ExternalHandlerMapRow> ExternalHandlerMaps => Set<ExternalHandlerMapRow>();

    public DbSet<ProcessRow> Processes => Set<ProcessRow>();

    public DbSet<RegistryRow> Registries => Set<RegistryRow>();

    public DbSet<ContainerOrderRow> ContainerOrders => Set<ContainerOrderRow>();

    /// <summary>Told of every durable write, before and after it; tests kill the server there.</summary>
    internal Action<string>? Reached { get; set; }

    /// <summary>Gets the rows that changed, once they are safe.</summary>
    internal Action<RowChange>? Changed { get; set; }

    /// <summary>Runs <paramref name="action"/> when the present write is safe; drops it when the write fails.</summary>
    public void AfterCommit(Action action) => _afterCommit.Add(action);

    /// <summary>Saves what is tracked as one durable write called <paramref name="point"/>.</summary>
    public async Task StoreAsync(string point, CancellationToken cancellationToken)
    {
        if (Database.CurrentTransaction is not null)
        {
            await SaveAsync(cancellationToken);
            return;
        }

        if (ChangeTracker.HasChanges())
        {
            Reached?.Invoke(point + ":before");
            await SaveAsync(cancellationToken);
            Reached?.Invoke(point + ":after");
        }

        Committed();
    }

    /// <summary>Runs <paramref name="work"/> in one transaction; its saves become durable together.</summary>
    public async Task<T> WriteAsync<T>(string point, Func<Task<T>> work, CancellationToken cancellationToken)
    {
        await using var transaction = await Database.BeginTransactionAsync(cancellationToken);
        var result = await work();
        await SaveAsync(cancellationToken);
        Reached?.Invoke(point + ":before");
        await CommitAsync(transaction, cancellationToken);
        Reached?.Invoke(point + ":after");
        Committed();
        return result;
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<AccountRow>().ToTable("accounts").HasIndex(x => x.Kind);
        modelBuilder.Entity<ProjectMemberRow>().ToTable("project_members").HasIndex(x => x.ProjectId);
        modelBuilder.Entity<CredentialRow>(e =>
        {
            e.ToTable("credentials").HasIndex(x => new { x.PublicValue, x.Kind });
            e.HasIndex(x => x.MachineId);
            e.HasIndex(x => x.AccountId);
        });
        modelBuilder.Entity<SessionRow>().ToTable("sessions").HasIndex(x => x.Key).IsUnique();
        modelBuilder.Entity<SettingRow>().ToTable("settings");
        modelBuilder.Entity<AuditRow>().ToTable("audit_log").HasIndex(x => x.AccountId);
        modelBuilder.Entity<MachineRow>(e =>
        {
            e.ToTable("machines").HasIndex(x => new { x.AccountId, x.NameKey }).IsUnique();
            e.HasIndex(x => x.ExternalId);
            e.HasIndex(x => x.AgentId);
            e.HasIndex(x => x.DeleteAt);
        });
        modelBuilder.Entity<HostRow>(e =>
        {
            e.ToTable("hosts").HasIndex(x => x.AccountId);
            e.HasIndex(x => x.AgentId);
            e.HasIndex(x => x.MachineId);
        });
        modelBuilder.Entity<LoadHourRow>(e =>
        {
            e.ToTable("load_hours").HasKey(x => new { x.HostId, x.Hour });
            e.HasIndex(x => x.Hour);
        });
        modelBuilder.Entity<AgentRow>(e =>
        {
            e.ToTable("agents").HasIndex(x => x.AccountId);
            e.HasIndex(x => x.State);
        });
        modelBuilder.Entity<RegisterRow>().ToTable("registers").HasIndex(x => new { x.TokenId, x.KeyHash }).IsUnique();
        modelBuilder.Entity<ExternalHandlerRow>().ToTable("external_handlers");
        modelBuilder.Entity<ExternalHandlerProcessRow>().ToTable("external_handler_processes").HasIndex(x => x.Name).IsUnique();
        modelBuilder.Entity<ExternalHandlerMapRow>().ToTable("external_handler_maps").HasIndex(x => new { x.ProcessName, x.State });
        modelBuilder.Entity<ProcessRow>(e =>
        {
            e.ToTable("process_instances").HasIndex(x => x.DueAt);
            e.HasIndex(x => new { x.ResourceType, x.ResourceId });
            e.HasIndex(x => x.ReplyTo);
        });
        modelBuilder.Entity<RegistryRow>().ToTable("registries").HasIndex(x => x.AccountId);
        modelBuilder.Entity<ContainerOrderRow>().ToTable("container_orders").HasIndex(x => x.HostId);
    }

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<JsonObject>().HaveConversion<JsonText, JsonComparer>();

    private static Task CommitAsync(IDbContextTransaction transaction, CancellationToken cancellationToken) => transaction.CommitAsync(cancellationToken);

    private async Task SaveAsync(CancellationToken cancellationToken)
    {
        var changed = new List<ResourceRow>();
        foreach (var entry in ChangeTracker.Entries())
        {
            if (entry.State == EntityState.Modified)
            {
                RaiseVersion(entry.Entity);
            }

            if (entry.State is EntityState.Added or EntityState.Modified && entry.Entity is ResourceRow row)
            {
                changed.Add(row);
            }
        }

        await SaveChangesAsync(cancellationToken);
        foreach (var row in changed)
        {
            _changed.Add(new RowChange(row.GetType(), row.Id));
        }
    }

    private static void RaiseVersion(object entity)
    {
        switch (entity)
        {
            case ResourceRow row: row.Version++; break;
            case ProcessRow process: process.Version++; break;
            case LoadHourRow hour: hour.Version++; break;
        }
    }

    private void Committed()
    {
        foreach (var change in _changed)
        {
            Changed?.Invoke(change);
        }

        _changed.Clear();
        var actions = _afterCommit.ToArray();
        _afterCommit.Clear();
        foreach (var action in actions)
        {
            action();
        }
    }

    private sealed class JsonText() : ValueConverter<JsonObject, string>(v => Write(v), v => Read(v))
    {
        private static string Write(JsonObject value) => value.ToJsonString();

        private static JsonObject Read(string text) => text.Length <= 2 ? [] : (JsonObject)JsonNode.Parse(text)!;
    }

    private sealed class JsonComparer() : ValueComparer<JsonObject>((a, b) => JsonNode.DeepEquals(a, b), v => v.Count, v => (JsonObject)v.DeepClone());
}

/// <summary>A row that was added or changed.</summary>
internal readonly record struct RowChange(Type Table, long Id);
