"""Selections of rows to label: arrays in, int64 row numbers in pick order out."""

from prunebook.selection.centers import k_center
from prunebook.selection.covering import probcover, purity_delta
from prunebook.selection.orthogonal import gram_schmidt
from prunebook.selection.refinement import refine
from prunebook.selection.sampling import norm_sampling, uniform
from prunebook.selection.typicality import typiclust
from prunebook.selection.uncertainty import entropy, least_confidence

__all__ = [
    "entropy",
    "gram_schmidt",
    "k_center",
    "least_confidence",
    "norm_sampling",
    "probcover",
    "purity_delta",
    "refine",
    "typiclust",
    "uniform",
]
