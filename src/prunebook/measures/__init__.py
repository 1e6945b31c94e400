"""Measures of trained networks: what happened between two points of training, or lies between two networks."""

from prunebook.measures.connectivity import error_barrier, error_path
from prunebook.measures.kernel import kernel_velocity

__all__ = ["error_barrier", "error_path", "kernel_velocity"]
