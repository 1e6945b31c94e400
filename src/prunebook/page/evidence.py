"""How claims are tested: every test returns an `Evidence`, an effect with its 95 % interval and p."""

from prunebook.page.association import beyond, bootstrap, correlation, slopes, trend
from prunebook.page.means import Evidence, above, detectable, equivalent, greater, mean_interval

__all__ = [
    "Evidence", "above", "beyond", "bootstrap", "correlation", "detectable", "equivalent", "greater", "mean_interval",
    "slopes", "trend",
]
