"""Gram-Schmidt selection on 50,000 × 512 float32, 500 picks, against the plain residual update in torch."""

import time

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from prunebook.selection import gram_schmidt

ROWS, COLUMNS, PICKS, ROUNDS = 50_000, 512, 500, 3


def plain(features, picks, rng=None):
    """Algorithm 1 as it stands: norms of all rows, a pick (the largest without `rng`), all rows updated in place."""
    left, picked = features.clone(), []
    for _ in range(picks):
        norms = torch.linalg.vector_norm(left, dim=1)
        norms[picked] = 0
        if rng is None:
            picked.append(int(norms.argmax()))
        else:
            cumulative = np.cumsum(norms.double().numpy())
            picked.append(int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right")))
        direction = left[picked[-1]] / norms[picked[-1]]
        left.addr_(left @ direction, direction, alpha=-1)
    return picked


def seconds(call):
    """CPU seconds of one thread: other processes of the machine must not decide the ratio."""
    start = time.process_time()
    call()
    return time.process_time() - start


def ratios():
    """Rows for the largest and the drawn picks: best of interleaved rounds, one thread."""
    features = torch.randn(ROWS, COLUMNS, generator=torch.Generator().manual_seed(0))
    calls = {
        "largest": (8, lambda: plain(features, PICKS), lambda: gram_schmidt(features, PICKS, randomize=False, seed=0)),
        "drawn": (
            12,
            lambda: plain(features, PICKS, np.random.default_rng(0)),
            lambda: gram_schmidt(features, PICKS, seed=0),
        ),
    }
    rows, threads = [], torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        for name, (goal, baseline, ours) in calls.items():
            times = np.array([[seconds(baseline), seconds(ours)] for _ in range(ROUNDS)]).min(0)
            detail = f"{times[0]:.2f} and {times[1]:.2f} CPU s, 500 of 50,000 × 512 float32"
            rows.append(dict(name=f"Gram-Schmidt, {name}", ratio=times[0] / times[1], goal=goal, detail=detail))
    torch.set_num_threads(threads)
    same = plain(features.double() + 20, 60) == gram_schmidt(features + 20, 60, randomize=False, seed=0).tolist()
    detail = "1 when the first 60 picks with +20 on every feature are those of float64"
    return [*rows, dict(name="Gram-Schmidt, picks as float64", ratio=float(same), goal=1, detail=detail)]
