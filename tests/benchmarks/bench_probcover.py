"""ProbCover on 50,000 × 512 float32 with about 15 million edges: graph, selection of 600, memory."""

import resource
import time
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from prunebook.arrays.distances import normalize
from prunebook.selection.covering import _graph, _select

ROWS, COLUMNS, NEIGHBOURS, BUDGET = 50_000, 512, 300, 600


def all_pairs(features, radius, step=500):
    """The block loop without symmetry: every block of rows against all rows; returns the number of edges."""
    rows, edges = normalize(features), []
    for block in rows.split(step):
        edges.append((block @ rows.T > 1 - radius * radius / 2).nonzero().to(torch.int32))
    return sum(map(len, edges))


def overlapping():
    """Features around a 16-dimensional subspace, and the radius at which a row has 300 neighbours on average."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(ROWS, 16, generator=generator) @ torch.randn(16, COLUMNS, generator=generator)
    spread = torch.randn(ROWS, 1, generator=generator).exp()  # some rows are far from all others
    features += spread * torch.randn(ROWS, COLUMNS, generator=generator)
    rows = normalize(features)
    distances = torch.cdist(rows[:200], rows).flatten()
    return features, float(distances.kthvalue(int(NEIGHBOURS / ROWS * len(distances))).values)


def timed(call, clock=time.process_time):
    start = clock()
    found = call()
    return clock() - start, found


def peak():
    """Largest memory of this process so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def resident():
    """Memory of this process now, in GB: against a later peak this counts too much rather than too little."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e9


def ratios():
    """Rows for graph, selection and memory; CPU seconds of one thread."""
    features, radius = overlapping()
    threads, before = torch.get_num_threads(), resident()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        ours, graph = timed(lambda: _graph(features, radius))
        select, picks = min(
            (timed(lambda: _select(graph, BUDGET, [], "error", np.random.default_rng(0))) for _ in range(5)),
            key=lambda pair: pair[0],
        )
        memory = peak() - before
        plain, edges = timed(lambda: all_pairs(features, radius))
    torch.set_num_threads(threads)
    size = f"{edges / 1e6:.1f} million edges"
    distinct = len(set(picks.tolist())) == BUDGET
    return [
        dict(name="ProbCover, graph", ratio=plain / ours, goal=1.2, detail=f"{plain:.1f} and {ours:.1f} CPU s, {size}"),
        dict(
            name="ProbCover, 0.1 s over the selection", ratio=distinct * 0.1 / select, goal=1,
            detail=f"{select:.3f} CPU s for 600 picks, each once",
        ),
        dict(
            name="ProbCover, 1 GB over its memory", ratio=1 / max(memory, 1e-3), goal=1,
            detail=f"{memory:.2f} GB above the data",
        ),
    ]  # fmt: skip
