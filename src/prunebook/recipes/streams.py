"""Independent random streams: one an arm and a replicate, so that arms share nothing but what is stated."""

import zlib

import numpy as np


def stream(seed, *words):
    """A numpy Generator for replicate `seed` of what `words` name."""
    return np.random.default_rng([seed, *(zlib.crc32(str(word).encode()) for word in words)])


def torch_seed(seed, *words):
    """A 63-bit seed for torch from the same stream."""
    return int(stream(seed, "torch", *words).integers(2**63 - 1))
