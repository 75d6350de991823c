"""The tables."""

from statistics import median, quantiles

COLUMNS = [
    *[("", 22, "<"), ("", 7, "<")],
    *[("bare", 7, ">"), ("µs CPU", 7, ">"), ("ratio", 7, ">"), ("±", 6, ">"), ("bound", 6, ">")],
    *[("bare", 9, ">"), ("16-deep/s", 9, ">"), ("ratio", 7, ">"), ("±", 6, ">"), ("bound", 6, ">")],
    *[("by CPU", 7, ">"), ("busy", 5, ">"), ("bare", 6, ">"), ("allocs", 7, ">"), ("SQL", 6, ">")],
]

LEGEND = """
µs CPU     of the server, for a request that waits for its answer
16-deep/s  requests a second, 16 in one write
by CPU     the same ratio by the server's CPU time, which others on the machine disturb less
busy       share of its core that the bare server had; below 0.95 "16-deep/s" measures the others
±          half of the pairs lie this near
!          out of bounds
"""


def line(cells):
    padded = (f"{cell:{side}{width}}" for cell, (_, width, side) in zip(cells, COLUMNS))
    print(" ".join(padded).rstrip(), flush=True)


def header():
    print(LEGEND)
    line(name for name, _, _ in COLUMNS)


def row(name, kind, single, piped, bounds, counts):
    """Prints a line, and gives back which bounds it misses."""
    cpu = compare([(ours.cpu, bare.cpu) for ours, bare in single], bounds[0], 2, upper=True)
    rate = compare([(ours.rate, bare.rate) for ours, bare in piped], bounds[1], 0, upper=False)
    by_cpu = median(bare.cpu / ours.cpu for ours, bare in piped)
    busy = median(bare.busy for _, bare in piped)
    ours, bare = counts
    exact = f"{bare.allocations:.2f}", f"{ours.allocations:.2f}", f"{ours.queries:.2f}"
    line([name, kind, *cpu, *rate, f"{by_cpu:.3f}", f"{busy:.2f}", *exact])
    measured = [("CPU", cpu), ("16-deep/s", rate)]
    return [f"{name}, {kind}: {what} out of bounds" for what, it in measured if it[-1].endswith("!")]


def compare(pairs, bound, digits, upper):
    """Medians of both, of their ratio, its spread, and the bound."""
    ratios = [ours / bare for ours, bare in pairs]
    ratio, (low, _, high) = median(ratios), quantiles(ratios, n=4)
    met = bound is None or (ratio <= bound if upper else ratio >= bound)
    return (
        f"{median(bare for _, bare in pairs):.{digits}f}",
        f"{median(ours for ours, _ in pairs):.{digits}f}",
        f"{ratio:.3f}",
        f"{(high - low) / 2:.3f}",
        "" if bound is None else f"{bound:.2f}{' ' if met else '!'}",
    )


def storm_rows(title, ours, theirs):
    """Prints the lines of a storm, and gives back which bounds it misses."""
    print(f"\nlogin storm, server on {title}:")
    for name, it in [("plugin", ours), ("web::block", theirs)]:
        print(f"  {name:11} {it.logins:6.1f} logins/s; reads: median {it.median:8.2f} ms,", end="")
        print(f" p99 {it.p99:8.2f} ms of {it.reads}")
    p99, logins = ours.p99 / theirs.p99, ours.logins / theirs.logins if theirs.logins else 0
    print(f"  ratio       p99 {p99:.3f} (bound 0.10), logins {logins:.2f} (bound 1.00)", flush=True)
    missed = [("p99", p99 > 0.10), ("logins", logins < 1.00)]
    return [f"storm, {title}: {what} out of bounds" for what, is_missed in missed if is_missed]
