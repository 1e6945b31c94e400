"""Graphs of rows closer than a radius, as ProbCover needs them: degrees, and the neighbours of some rows."""

import numpy as np
import torch

from prunebook.arrays.distances import blocks, full_precision, half_squares, pair_distances, pairs_within

MAX_PAIRS = 2**25  # stored as 32-bit integers in both directions; more are computed again whenever needed


def cover_graph(x, radius):
    """The graph of the rows of x (N, d) with distance < `radius`, each row its own neighbour."""
    counts, columns, total = np.zeros(len(x), dtype=np.int64), [], 0
    degrees = np.ones(len(x), dtype=np.int64)
    for first, second in pairs_within(x, radius):
        first, second = first.cpu().numpy(), second.to(torch.int32).cpu().numpy()
        counts += np.bincount(first, minlength=len(x))
        degrees += np.bincount(second, minlength=len(x))
        total += len(first)
        columns = columns + [second] if total <= MAX_PAIRS else []
    degrees += counts
    return StoredGraph(counts, columns, degrees) if total <= MAX_PAIRS else ComputedGraph(x, radius, degrees)


class StoredGraph:
    """Neighbours stored in compressed rows, both directions, ascending."""

    def __init__(self, counts, columns, degrees):
        from scipy.sparse import csr_array, eye_array

        size, columns = len(counts), np.concatenate(columns) if columns else np.empty(0, dtype=np.int32)
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        upper = csr_array((np.ones(len(columns), dtype=np.int8), columns, starts), shape=(size, size))
        self.matrix = (upper + upper.T + eye_array(size, dtype=np.int8, format="csr")).tocsr()
        self.degrees = degrees

    def neighbours(self, row):
        start, stop = self.matrix.indptr[row : row + 2]
        return self.matrix.indices[start:stop]

    def subtract(self, degrees, rows):
        """Take away from `degrees` (N,) the edges into `rows`."""
        if len(rows) <= 32:
            for row in rows:
                degrees[self.neighbours(row)] -= 1
        else:
            degrees -= np.bincount(self.matrix[rows].indices, minlength=len(degrees))


class ComputedGraph:
    """The same for a graph too dense to store: distances are computed where they are asked for."""

    def __init__(self, x, radius, degrees):
        self.x, self.radius, self.degrees = x, radius, degrees
        self.half = half_squares(x)

    def neighbours(self, row):
        return self._within([row])[0].nonzero()[0]

    def subtract(self, degrees, rows):
        for block in blocks(len(rows), 8 * len(self.x)):
            degrees -= self._within(rows[block]).sum(0, dtype=np.int64)

    def _within(self, rows):
        """(n, N) bool: which rows of x are nearer to these rows than the radius."""
        rows = torch.as_tensor(np.asarray(rows, dtype=np.int64), device=self.x.device)
        slack = 16 * torch.finfo(self.x.dtype).eps * float(2 * self.half.max())
        with full_precision():
            scores = torch.addmm(self.half, self.x[rows], self.x.T, alpha=-1)
        scores -= (self.radius * self.radius / 2 - self.half[rows])[:, None]
        inside = scores < 0
        first, second = (scores.abs() <= slack).nonzero().T
        inside[first, second] = pair_distances(self.x, self.x, rows[first], second) < self.radius
        return inside.cpu().numpy()
