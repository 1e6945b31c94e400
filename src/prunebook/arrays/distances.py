"""Row norms and Euclidean distances in blocks: never an (N, N) matrix, exact where a decision hangs on it.

Gram matrices decide what is near; whatever is returned or compared with a threshold is computed again from
differences in float64, because |x|² + |y|² - 2xy loses half of the digits for close points.
"""

import math
from contextlib import contextmanager

import numpy as np
import torch

BLOCK_BYTES = 2**26


@contextmanager
def full_precision():
    """Matrix products without TF32 or bfloat16 shortcuts, whatever the training code has switched on."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def blocks(count, row_bytes):
    """Slices over `count` rows of which each takes at most BLOCK_BYTES at `row_bytes` a row."""
    step = max(1, int(BLOCK_BYTES // max(1, row_bytes)))
    return [slice(start, min(count, start + step)) for start in range(0, count, step)]


def rescaled(x):
    """x itself, or x times a power of two where squares would overflow or vanish: comparisons stay the same."""
    largest = max(abs(float(value)) for value in x.aminmax())
    if not largest or 1e-15 < largest < 1e15:
        return x
    limit = 120 if x.dtype == torch.float32 else 1000  # the factor itself has to be a number of that type
    return x * 2.0 ** min(limit, max(-limit, -math.frexp(largest)[1]))


def row_norms(x, order=2):
    """(N, d) -> (N,) float64 norms of order 1, 2 or inf."""
    pieces = blocks(len(x), 64 * x.shape[1])
    buffer = torch.empty(pieces[0].stop, x.shape[1], dtype=torch.float64, device=x.device)  # fresh pages cost more
    rows = (buffer[: block.stop - block.start].copy_(x[block]) for block in pieces)
    return torch.cat([torch.linalg.vector_norm(row, order, dim=1) for row in rows])


def normalize(x):
    """(N, d) -> rows of Euclidean length 1 in the same type; zero rows stay zero."""
    x = rescaled(x)
    norms = row_norms(x).to(x.dtype)
    return x / torch.where(norms == 0, 1, norms)[:, None]


def pair_distances(x, y, left, right):
    """Distances (n,) float64 between x[left] and y[right], from differences."""
    parts = [
        torch.linalg.vector_norm(x[left[block]].double() - y[right[block]].double(), dim=1)
        for block in blocks(len(left), 24 * x.shape[1])
    ]
    return torch.cat(parts) if parts else torch.empty(0, dtype=torch.float64, device=x.device)


def half_squares(x):
    """(N, d) -> (N,) half of the squared Euclidean norms, in the type of x."""
    return (row_norms(x).square() / 2).to(x.dtype)


def nearest(x, y, forbidden=None):
    """The nearest row of y (M, d) for each row of x (N, d): (distances (N,) float64, indices (N,) int64).

    `forbidden`: labels (N,), (M,); rows with equal labels are no neighbours, and distance inf means there is none.
    """
    with full_precision():
        shift = y.mean(0)
        centred, found = y - shift, []
        half = half_squares(centred)
        for block in blocks(len(x), 3 * y.element_size() * len(y)):
            scores = torch.addmm(half, x[block] - shift, centred.T, alpha=-1)
            if forbidden is not None:
                scores.masked_fill_(forbidden[0][block, None] == forbidden[1][None, :], math.inf)
            found.append(scores.argmin(1))
    found = torch.cat(found)
    distances = pair_distances(x, y, torch.arange(len(x), device=x.device), found)
    if forbidden is not None:
        distances[forbidden[0] == forbidden[1][found]] = math.inf
    return distances, found


def neighbours(x, count):
    """The `count` nearest other rows of each row: (distances (N, count) float64 ascending, indices (N, count))."""
    spare = min(count + 12, len(x) - 1)  # a Gram matrix may swap close ones: rank some more, then exactly
    distances, found = [], []
    with full_precision():
        centred = x - x.mean(0)
        half = half_squares(centred)
        for block in blocks(len(x), max(2 * x.element_size() * len(x), 24 * spare * x.shape[1])):
            scores = torch.addmm(half, centred[block], centred.T, alpha=-1)
            own = torch.arange(block.start, block.stop, device=x.device)
            scores[own - block.start, own] = math.inf
            near = scores.topk(spare, largest=False).indices
            exact = torch.linalg.vector_norm(x[near].double() - x[block, None].double(), dim=2)
            exact, order = exact.sort(dim=1, stable=True)
            distances.append(exact[:, :count])
            found.append(near.gather(1, order)[:, :count])
    return torch.cat(distances), torch.cat(found)


def pairs_within(x, radius):
    """Pairs of rows nearer than `radius`, each once: yields (first, second) int64, first < second, in order.

    Only blocks on and above the diagonal are computed; pairs within rounding of the radius are decided in float64.
    """
    half = half_squares(x)
    slack = 16 * torch.finfo(x.dtype).eps * float(2 * half.max())
    pieces = blocks(len(x), x.element_size() * len(x))
    scores_buffer = x.new_empty(pieces[0].stop * len(x))  # fresh pages for every block would cost a third more
    mask_buffer = torch.empty_like(scores_buffer, dtype=torch.bool)
    for block in pieces:
        height, width = block.stop - block.start, len(x) - block.start
        scores, mask = (buffer[: height * width].view(height, width) for buffer in (scores_buffer, mask_buffer))
        with full_precision():
            torch.addmm(half[block.start :], x[block], x[block.start :].T, alpha=-1, out=scores)
        limit = radius * radius / 2 - half[block]
        flat = _places(torch.lt(scores, (limit + slack)[:, None], out=mask).view(-1))
        first, second = flat // width, flat % width
        above = second > first
        flat, first, second = flat[above], first[above], second[above]
        doubtful = (scores.view(-1)[flat] > (limit - slack)[first]).nonzero().view(-1)
        first, second = first + block.start, second + block.start
        if len(doubtful):
            keep = torch.ones(len(first), dtype=torch.bool, device=x.device)
            keep[doubtful] = pair_distances(x, x, first[doubtful], second[doubtful]) < radius
            first, second = first[keep], second[keep]
        yield first, second


def _places(mask):
    """Places (n,) int64 where a flat mask is true; on the CPU by numpy, which is four times as fast."""
    if mask.device.type == "cpu":
        return torch.from_numpy(np.flatnonzero(mask.numpy()))
    return mask.nonzero().view(-1)
