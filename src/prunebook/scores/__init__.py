"""Scores of examples (Paul et al. 2021): models, logged probabilities or logged correctness in, numpy (N,) out."""

from prunebook.scores.errors import el2n
from prunebook.scores.forgetting import forgetting_events
from prunebook.scores.gradients import grand, label_free

__all__ = ["el2n", "forgetting_events", "grand", "label_free"]
