"""Gram-Schmidt selection (norms, Algorithm 1), drawn or largest first, by norms of order 1, 2 or inf.

The law is Algorithm 1's, with probabilities over the rows not yet picked. Instead of projecting all N rows for
every pick, rows are drawn from upper bounds on the residual norms and accepted with probability norm / bound
(an exact rejection sampler), or the largest is looked for among the few rows whose bound can reach it.
"""

import math

import numpy as np

from prunebook.arrays import checks

TIE = 1e-12  # float64 norms closer than this, relatively, are equal: the lowest index wins
CANDIDATES = 1024  # rows among which the largest is followed exactly until an outsider's bound is higher


def gram_schmidt(features, budget, *, order=2, randomize=True, exhausted="error", labeled=(), seed):
    """Pick rows of (N, d) features by residual norm, projecting each pick out of the rest (norms, Algorithm 1).

    `order` (1, 2, inf) changes the norm only; projection stays Euclidean. `randomize=False` takes the largest,
    ties the lowest index. `labeled` rows are projected out first. At most rank(features) rows can be picked: past
    it, `exhausted="error"` raises a ValueError that says how many could be, `"restart"` starts again on the rows
    left, with their original features (nothing is projected out of them, `labeled` neither). A residual of less
    than 32·√d rounding units of the row's norm counts as zero. Returns int64 indices in pick order.
    """
    from prunebook.selection.residuals import Residuals

    features = checks.rows("features", features)
    budget, labeled, _ = checks.pool(budget, labeled, len(features))
    checks.choice("order", order, (1, 2, math.inf))
    checks.choice("exhausted", exhausted, ("error", "restart"))
    rng = checks.generator(seed)
    residuals = Residuals(features)
    residuals.remove(labeled)
    picked = _cycle(residuals, budget, order, randomize, rng)
    while len(picked) < budget and exhausted == "restart":
        residuals.restart()
        more = _cycle(residuals, budget - len(picked), order, randomize, rng)
        if not more:
            break
        picked += more
    if len(picked) < budget:
        cure = "" if exhausted == "restart" else "; gram_schmidt with exhausted='restart' starts again on the rows left"
        raise ValueError(
            f"budget: {budget} is not valid; only {len(picked)} could be picked before every residual was zero{cure}"
        )
    return np.array(picked, dtype=np.int64)


def _cycle(residuals, budget, order, randomize, rng):
    if randomize:
        return _draw(residuals, budget, order, rng)
    return _largest(residuals, budget) if order == 2 else _largest_straight(residuals, budget, order)


def _factor(order, columns):
    """The largest ratio of the norm of this order to the Euclidean one."""
    return math.sqrt(columns) if order == 1 else 1.0


def _alive_norms(residuals, indices, left, order=2):
    """Norms (n,) of the residuals `left`; rows with nothing left are marked as spent and get 0."""
    spent = np.linalg.norm(left, axis=1) <= residuals.zero[indices]
    residuals.alive[indices[spent]] = False
    return np.where(residuals.alive[indices], np.linalg.norm(left, order, axis=1), 0.0)


def _draw(residuals, budget, order, rng):
    picked, patience = [], max(64, residuals.count // 4)  # rejections that cost about as much as new bounds
    while len(picked) < budget:
        weights = residuals.bounds() * _factor(order, residuals.columns)
        usable = np.flatnonzero(weights)
        if not usable.size:
            break
        cumulative, rejected = np.cumsum(weights[usable]), 0
        while len(picked) < budget and rejected < patience:
            size = min(64, max(16, 2 * (budget - len(picked))))
            places = np.searchsorted(cumulative, rng.random(size) * cumulative[-1], side="right")
            drawn = usable[np.minimum(places, len(usable) - 1)]
            new = _accept(residuals, drawn, rng.random(size) * weights[drawn], order, budget - len(picked))
            rejected += size - len(new)
            picked += new
    return picked


def _accept(residuals, drawn, limits, order, wanted):
    """Go through rows drawn by their bounds in turn, accepting those whose norm exceeds its limit."""
    accepted, start, left = [], 0, residuals.rows(drawn)
    while len(accepted) < wanted:
        hits = _alive_norms(residuals, drawn[start:], left[start:], order) > limits[start:]
        if not hits.any():
            break
        place = start + int(hits.argmax())
        accepted.append(int(drawn[place]))
        direction = residuals.pick(drawn[place], left[place])
        start = place + 1
        left[start:] -= np.outer(left[start:] @ direction, direction)
    return accepted


def _largest(residuals, budget):
    picked, before = [], None
    while len(picked) < budget:
        bounds = residuals.bounds()
        if not bounds.any():
            break
        size = min(CANDIDATES, len(bounds))
        rows = np.sort(np.argpartition(bounds, -size)[-size:])
        outside = bounds.copy()
        outside[rows] = 0
        left = residuals.rows_again(rows, before) if before else residuals.rows(rows)
        before = rows, left, residuals.rank
        norms = _alive_norms(residuals, rows, left)
        new = _follow(residuals, rows, left, norms, outside.max(), budget - len(picked))
        picked += new or _largest_exact(residuals, np.flatnonzero(bounds >= norms.max() * (1 - TIE)))
    return picked


def _follow(residuals, rows, left, norms, outside, wanted):
    """Take the largest of `rows` (ascending) one after the other while no other row can be larger."""
    picked, first, squares, spent = [], residuals.rank, norms**2, residuals.zero[rows] ** 2
    trusted = 0.01 * squares.max()  # below, subtracting has cost two digits
    while len(picked) < wanted:
        squares[squares <= spent] = 0
        best = squares.max()
        if best <= trusted or math.sqrt(best) * (1 - TIE) <= outside:
            break
        place = int((squares >= best * (1 - 2 * TIE)).argmax())
        basis = residuals.basis[first : residuals.rank]
        direction = residuals.pick(rows[place], left[place] - (basis @ left[place]) @ basis)
        picked.append(int(rows[place]))
        squares -= (left @ direction) ** 2
        squares[place] = 0
    return picked


def _largest_exact(residuals, rows, order=2):
    """The largest of `rows` (ascending) by float64 norms, picked; an empty list when all are spent."""
    step = 4096
    norms = [_alive_norms(residuals, r, residuals.rows(r), order) for r in np.split(rows, range(step, len(rows), step))]
    norms = np.concatenate(norms)
    if not norms.any():
        return []
    best = rows[int((norms >= norms.max() * (1 - TIE)).argmax())]
    residuals.pick(best, residuals.rows([best])[0])
    return [int(best)]


def _largest_straight(residuals, budget, order):
    """Norms of order 1 and inf may grow under projection, so no bound lasts: every pick updates every row."""
    import torch

    picked, current = [], residuals.projected()
    error = _factor(order, residuals.columns) * residuals.rounding
    while len(picked) < budget and residuals.alive.any():
        norms = torch.linalg.vector_norm(current, order, dim=1).double().cpu().numpy()
        lowest = np.where(residuals.alive, norms - error, -math.inf).max()
        new = _largest_exact(residuals, np.flatnonzero(residuals.alive & (norms + error >= lowest)), order)
        if new:
            direction = torch.from_numpy(residuals.basis[residuals.rank - 1]).to(current)
            current.addr_(current @ direction, direction, alpha=-1)
        picked += new
    return picked
