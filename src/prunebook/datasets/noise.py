"""Label noise that leaves the images where they are."""

import numbers

import numpy as np

from prunebook.arrays.checks import generator


def permute_labels(labels, share, *, seed):
    """Permute the labels of a random `share` of the examples: (N,) integers -> (labels (N,), chosen indices, sorted).

    ⌊share·N⌋ examples are chosen and their labels permuted among them, so class counts stay (Data Diet, B.3); by
    chance some of them keep their label. Index i is the same image before and after. `share` in [0, 1].
    """
    labels = np.asarray(labels.cpu() if hasattr(labels, "cpu") else labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ValueError(f"labels: {labels.dtype} of shape {labels.shape}; they must be integers (N,)")
    if isinstance(share, bool) or not isinstance(share, numbers.Real) or not 0 <= share <= 1:
        raise ValueError(f"share: {share!r} is not valid; it must be a number from 0 to 1")
    random = generator(seed)
    # Rounded first: 0.29 * 100 is 28.999999999999996.
    chosen = np.sort(random.choice(len(labels), int(round(share * len(labels), 6)), replace=False))
    noisy = labels.copy()
    noisy[chosen] = labels[random.permutation(chosen)]
    return noisy, chosen
