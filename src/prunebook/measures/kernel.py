"""How far a kernel turns while a network trains (Data Diet, B.3)."""

import torch

from prunebook.arrays import checks

BLOCK = 2**22  # entries that are held in float64 at once


def kernel_velocity(gram_before, gram_after):
    """Kernel velocity 1 − ⟨K, K′⟩/(‖K‖ ‖K′‖), Frobenius (equation 7): two matrices (n, n) -> float in [0, 2].

    0 where one is a positive multiple of the other, at most 1 for Gram matrices. Computed in float64 as
    ½‖K/‖K‖ − K′/‖K′‖‖², the same number, which neither turns negative nor loses its digits where the two are close.
    Raises ValueError unless both are finite, square, of one size and not zero.
    """
    before, after = checks.rows("gram_before", gram_before), checks.rows("gram_after", gram_after)
    if before.shape[0] != before.shape[1]:
        raise ValueError(f"gram_before: shape {tuple(before.shape)} is not valid; it must be square")
    if after.shape != before.shape:
        raise ValueError(f"gram_after: shape {tuple(after.shape)} is not valid; it must be that of gram_before, "
                         f"{tuple(before.shape)}")
    before_unit, after_unit = _unit("gram_before", before), _unit("gram_after", after)
    pairs = zip(_blocks(before), _blocks(after))
    squares = [(before_unit(one) - after_unit(other).to(one.device)).square().sum() for one, other in pairs]
    return float(torch.stack(squares).sum()) / 2


def _blocks(matrix):
    return matrix.split(max(1, BLOCK // len(matrix)))


def _unit(argument, matrix):
    """The function that divides a block by the Frobenius norm of the whole, in two steps so that nothing overflows."""
    largest = float(max(abs(extreme) for extreme in matrix.aminmax()))
    if largest == 0:
        raise ValueError(f"{argument}: all values are 0, so it has no direction; it must not be zero")
    squares = [(block.double() / largest).square().sum() for block in _blocks(matrix)]
    norm = float(torch.stack(squares).sum().sqrt())
    return lambda block: block.double() / largest / norm
