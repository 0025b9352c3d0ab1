namespace Drover.Scheduler.Placement;

/// <summary>An ordered set of places, each with what is free there. Finds the first place in order that covers a need without looking at all
/// of them: every node knows the most that is free anywhere below it.</summary>
/// <remarks>A treap: balanced by priorities that are a hash of the place's number, so the same input gives the same tree.</remarks>
internal sealed class FitTree
{
    private readonly Dictionary<int, Node> _nodes = [];
    private Node? _root;

    /// <summary>Nodes visited since the start: the figure by which the matcher's cost is tested.</summary>
    public long Visits { get; private set; }

    public int Count => _nodes.Count;

    /// <summary>The most of each resource that is free at any place; zero when there is none.</summary>
    public Amounts Largest => _root?.Largest ?? default;

    public bool Contains(int place) => _nodes.ContainsKey(place);

    /// <summary>Adds a place, or moves it to its new order.</summary>
    public void Set(int place, long rank, Amounts free)
    {
        Remove(place);
        var node = new Node(place, rank, free);
        _nodes.Add(place, node);
        Split(_root, node, out var before, out var after);
        _root = Merge(Merge(before, node), after);
    }

    public void Remove(int place)
    {
        if (_nodes.Remove(place, out var node))
        {
            _root = Without(_root!, node);
        }
    }

    /// <summary>The first place in order of (rank, free CPUs, memory, disk, number) that covers the need and is accepted.</summary>
    public int? First(Amounts need, Func<int, bool>? accept = null) => First(_root, need, accept);

    private int? First(Node? node, Amounts need, Func<int, bool>? accept)
    {
        if (node is null)
        {
            return null;
        }

        Visits++;
        if (!node.Largest.Covers(need))
        {
            return null;
        }

        return First(node.Left, need, accept)
            ?? (node.Free.Covers(need) && (accept is null || accept(node.Place)) ? node.Place : First(node.Right, need, accept));
    }

    private void Split(Node? node, Node at, out Node? before, out Node? after)
    {
        if (node is null)
        {
            before = after = null;
            return;
        }

        Visits++;
        if (node.OrderTo(at) < 0)
        {
            Split(node.Right, at, out node.Right, out after);
            before = node.Updated();
        }
        else
        {
            Split(node.Left, at, out before, out node.Left);
            after = node.Updated();
        }
    }

    private Node? Merge(Node? before, Node? after)
    {
        if (before is null || after is null)
        {
            return before ?? after;
        }

        Visits++;
        if (before.Priority >= after.Priority)
        {
            before.Right = Merge(before.Right, after);
            return before.Updated();
        }

        after.Left = Merge(before, after.Left);
        return after.Updated();
    }

    private Node? Without(Node node, Node gone)
    {
        Visits++;
        if (ReferenceEquals(node, gone))
        {
            return Merge(node.Left, node.Right);
        }

        if (gone.OrderTo(node) < 0)
        {
            node.Left = Without(node.Left!, gone);
        }
        else
        {
            node.Right = Without(node.Right!, gone);
        }

        return node.Updated();
    }

    private sealed class Node(int place, long rank, Amounts free)
    {
        public readonly int Place = place;
        public readonly long Rank = rank;
        public readonly Amounts Free = free;
        public readonly uint Priority = Scramble((uint)place);
        public Amounts Largest = free;
        public Node? Left;
        public Node? Right;

        public int OrderTo(Node other)
        {
            var order = Rank.CompareTo(other.Rank);
            order = order != 0 ? order : Free.Cpus.CompareTo(other.Free.Cpus);
            order = order != 0 ? order : Free.Memory.CompareTo(other.Free.Memory);
            order = order != 0 ? order : Free.Disk.CompareTo(other.Free.Disk);
            return order != 0 ? order : Place.CompareTo(other.Place);
        }

        public Node Updated()
        {
            Largest = Free;
            Largest = Left is null ? Largest : Amounts.Max(Largest, Left.Largest);
            Largest = Right is null ? Largest : Amounts.Max(Largest, Right.Largest);
            return this;
        }

        /// <summary>The finaliser of MurmurHash3: neighbours get unrelated priorities.</summary>
        private static uint Scramble(uint x)
        {
            x += 0x9E3779B9;
            x = (x ^ (x >> 16)) * 0x85EBCA6B;
            x = (x ^ (x >> 13)) * 0xC2B2AE35;
            return x ^ (x >> 16);
        }
    }
}
