"""What projecting out picked rows leaves of all others: exact for a few rows, cheap upper bounds for all."""

import math

import numpy as np
import torch

from prunebook.arrays.distances import blocks, full_precision, rescaled, row_norms

ZERO = 32  # residuals up to this many rounding units (times √d, times the row's norm) count as zero
BASE_ERROR = 8  # rounding units (times √d, times the row's norm) by which a stored residual may be off
PRODUCT_ERROR = 16  # rounding units by which a sum of squared inner products may be off, a square root of their number
LOOSE = 0.01  # share of the largest squared residual that rounding may reach before the rows are projected anew


class Residuals:
    """Residuals of the rows of x (N, d) under a growing orthonormal basis, as in Algorithm 1 of norms.

    The basis and the residuals of single rows are float64, so that 500 projections one after the other leave no
    trace. `bounds()` needs one matrix product for all directions found since the last call: Euclidean residual
    norms only shrink, so what they were is a bound on what they are.
    """

    def __init__(self, x):
        self.x, (self.count, self.columns) = x, x.shape
        self.norms = row_norms(x).cpu().numpy()
        if not 1e-15 < self.norms.max() < 1e15:  # squares would leave the range
            self.x = rescaled(x)
            self.norms = row_norms(self.x).cpu().numpy()
        unit = torch.finfo(x.dtype).eps * math.sqrt(self.columns) * self.norms
        self.zero, self.rounding = ZERO * unit, BASE_ERROR * unit
        self.free = np.ones(self.count, dtype=bool)
        self.restart()

    def restart(self):
        """Forget the basis: every row that was not picked is itself again."""
        self.basis = np.empty((min(16, self.columns), self.columns))
        self.rank = self.seen = self.based = 0  # directions found; in the bounds; projected out of the base
        self.alive = self.free & (self.norms > 0)
        self.base, self.base_error = self.x, 0.0
        self.base_squares = self.norms**2
        self.squares = self.base_squares

    def rows(self, indices):
        """Residuals (n, d) of these rows, float64."""
        found = self.x[torch.as_tensor(indices, device=self.x.device)].double().cpu().numpy()
        return self._without(found, 0)

    def rows_again(self, indices, before):
        """As `rows` of ascending indices, from what `before` = (indices, residuals, rank) already knows of them."""
        known, residuals, rank = before
        places = np.minimum(np.searchsorted(known, indices), len(known) - 1)
        seen = known[places] == indices
        found = np.empty((len(indices), self.columns))
        found[seen] = self._without(residuals[places[seen]], rank)
        found[~seen] = self.rows(indices[~seen])
        return found

    def _without(self, rows, start):
        basis = self.basis[start : self.rank]
        return rows - (rows @ basis.T) @ basis

    def add(self, residual):
        """Project `residual` (d,) out of all rows; returns the unit direction (d,)."""
        basis = self.basis[: self.rank]
        direction = residual / np.linalg.norm(residual)
        direction = direction - (basis @ direction) @ basis  # once more: a small residual carries old directions
        direction /= np.linalg.norm(direction)
        if self.rank == len(self.basis):
            self.basis = np.concatenate([self.basis, np.empty_like(self.basis)])
        self.basis[self.rank] = direction
        self.rank += 1
        return direction

    def pick(self, index, residual):
        """Take row `index` with this residual: it is gone for good and its direction is projected out."""
        self.free[index] = self.alive[index] = False
        return self.add(residual)

    def remove(self, indices):
        """Project these rows out in the order given and never return them (`labeled`)."""
        self.free[indices] = self.alive[indices] = False
        for start in range(0, len(indices), 64):
            chunk = indices[start : start + 64]
            left = self.rows(chunk)
            for i, index in enumerate(chunk):
                if np.linalg.norm(left[i]) > self.zero[index]:
                    direction = self.add(left[i])
                    left -= np.outer(left @ direction, direction)

    def bounds(self):
        """Upper bounds (N,) on the Euclidean residual norms, 0 for what cannot be picked; close after each call."""
        if self.rank > self.seen:
            self._downdate()
        elif self.rank > self.based:
            self._project()
        if self.alive.any() and self._slack() * self.base_squares[self.alive].max() > (
            LOOSE * self.squares[self.alive].max()
        ):
            self._project()
        return self._bounds()

    def _slack(self):
        return PRODUCT_ERROR * torch.finfo(self.x.dtype).eps * math.sqrt(self.rank - self.based)

    def _bounds(self):
        found = np.sqrt(np.maximum(self.squares, 0) + self._slack() * self.base_squares) * (1 + 1e-12)
        found += self.base_error
        self.alive &= found > self.zero
        return np.where(self.alive, found, 0.0)

    def _directions(self, start):
        return torch.from_numpy(self.basis[start : self.rank]).to(self.x)

    def _downdate(self):
        directions, parts = self._directions(self.seen), []
        with full_precision():
            for block in blocks(self.count, 8 * self.x.element_size() * self.columns + 12 * len(directions)):
                parts.append(torch.linalg.vector_norm(_products(self.base[block], directions), dim=1))
        self.squares = self.squares - torch.cat(parts).double().square().cpu().numpy()
        self.seen = self.rank

    def _project(self):
        self.base = self.projected(self.base)
        self.base_error = self.rounding
        self.base_squares = row_norms(self.base).square().cpu().numpy()
        self.squares = self.base_squares
        self.seen = self.based = self.rank

    def projected(self, out=None):
        """Residuals (N, d) of all rows in their own type, written to `out` unless that is x itself."""
        out = torch.empty_like(self.x) if out is None or out is self.x else out
        directions = self._directions(0)
        with full_precision():
            for block in blocks(self.count, 4 * self.x.element_size() * max(self.rank, self.columns)):
                rows = self.x[block]
                torch.addmm(rows, rows @ directions.T, directions, alpha=-1, out=out[block])
        return out


def _products(rows, directions):
    """(n, d), (k, d) -> (n, k) inner products; numpy is a quarter faster on the CPU where k is small."""
    if rows.device.type == "cpu":
        return torch.from_numpy(directions.numpy() @ rows.numpy().T).T
    return rows @ directions.T
