# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Figure 15: scores in pairs

# %% tags=["parameters"]
scale = "auto"  # auto, smoke, small or paper
dataset = ""  # one data set; "" for that of the scale
model = ""  # network that scores; "" for that of the scale
seeds = 0  # networks a score; 0 for those of the scale
device = "auto"  # auto, cpu or cuda

# %% tags=["hide-input"]
from prunebook import page
from prunebook.recipes.presets import CLASSES, NETWORKS

p = page.begin("datadiet/fig15", globals(), choices={"dataset": ["", *CLASSES], "model": ["", *NETWORKS, "vgg13"]})

# %% [markdown]
# Three scores of the same training examples are compared pair by pair, each averaged over networks: **GraNd** at
# initialisation, the norm of the loss gradient $\lVert \nabla_w \ell(x, y) \rVert_2$; **EL2N** at epoch 20, the length
# of the error vector $\lVert p(x) - y \rVert_2$; and **forgetting** at the last epoch, how often an example was right
# and then wrong during training. An example that some network never got right counts as forgotten infinitely often. The
# measure is Spearman's $\rho$, the correlation of the ranks.
#
# Two more scores stand beside them. **GraNd at the last checkpoint** may be what the paper printed: the library that
# its authors used, asked for the checkpoint of step 0, returned the last one. The **input norm**, the length of the
# normalised image as a vector, needs no network at all.

# %% tags=["experiment"]
from prunebook.recipes.diet import averaged
from prunebook.recipes.grid import grid

SCORES = {  # kind, the paper's epoch
    "grand_initial": ("grand", 0),
    "el2n": ("el2n", 20),
    "forgetting": ("forgetting", 200),
    "grand_last": ("grand", 200),
    "input_norm": ("input_norm", 0),
}


def experiment(scale):
    """Every score from every network, one run each."""
    runs = []
    for name, (kind, epoch) in SCORES.items():
        mean = averaged(scale, kind, epoch, dataset=dataset, model=model)
        count = 1 if kind == "input_norm" else seeds or mean.pool
        runs += grid(
            lambda method: mean.scores, method=[name], seed=range(count)
        )
    return runs


# %% tags=["hide-input"]
table = p.results(experiment, whole=True)

# %% tags=["hide-input"]
import numpy as np

from prunebook.arrays.ranks import spearman
from prunebook.page.jackknife import leave_one_out

single = {name: np.stack([p.array(row, "scores") for row in part.itertuples()]).astype(float)
          for name, part in table.groupby("method", sort=False)}
means = {name: values.mean(0) for name, values in single.items()}
names, trained = list(SCORES), ("el2n", "forgetting", "grand_last")


def correlations(initial, after):
    """Spearman's ρ of all pairs (5, 5) of scores averaged over these networks, as initialised and after training."""
    kept = {"grand_initial": initial, **dict.fromkeys(trained, after)}
    return spearman(*(single[name][kept.get(name, [0])].mean(0) for name in names))


left_out = leave_one_out(correlations, len(single["grand_initial"]), len(single["el2n"]))


def pair(first, second, reference=0.0):
    """Evidence that ρ of two scores is above `reference`, over networks."""
    place = names.index(first), names.index(second)
    return left_out.above(reference, of=lambda matrix: matrix[place], correlation=True)


# %% tags=["hide-input"]
from prunebook.page import show
from prunebook.page.density import density
from prunebook.page.style import words

PAIRS = [("grand_initial", "el2n"), ("grand_initial", "forgetting"), ("el2n", "forgetting")]
never = 100 * np.isinf(means["forgetting"]).mean()


def two_decimals(value):
    """A correlation for readers."""
    return f"{value:.2f}".replace("-", show.MINUS)


def draw(style):
    """The paper's three pairs."""
    figure, axes = style.figure(3, columns=3)
    for ax, (first, second) in zip(axes, PAIRS, strict=True):
        density(ax, means[first], means[second])
        ax.set(title=f"ρ = {two_decimals(pair(first, second).effect)}", ylabel=words(second),
               xlabel=words(first).replace("at initialisation", "(initial)"))
    return figure


p.figure(
    "pairs",
    draw,
    caption=f"Scores of all training examples in pairs, each averaged over networks; the stronger the colour, the more "
            f"examples, on a logarithmic scale. At “never” stand the {never:.1f} % of the examples that at least one "
            f"network never learned.",
    alt=" ".join(f"{words(a)} against {words(b)}: Spearman's correlation {two_decimals(pair(a, b).effect)}."
                 for a, b in PAIRS),
)

# %% [markdown]
# ## All pairs
#
# The intervals say how far $\rho$ would move with **other networks**: they come from the jackknife, which leaves out
# one network at a time. The networks as initialised and the trained ones are left out apart, although network $k$ was
# trained from network $k$ as initialised. A bootstrap would not do: it draws some networks twice, so its averages are
# over fewer ones and correlate less, and its interval can miss the value that it is for. All scores see the same
# images, so nothing here speaks of other images. Intervals are worked out on Fisher's scale, artanh $\rho$, and so end
# before 1.

# %% tags=["hide-input"]
import pandas as pd

rows, long = [], []
for first in names[:-1]:
    rows.append({"score": words(first)})
    for second in names[1:]:
        if names.index(second) > names.index(first):
            found = pair(first, second)
            long.append({"first": first, "second": second, **vars(found)})
            rows[-1][words(second)] = show.with_interval(found.effect, found.low, found.high)
        else:
            rows[-1][words(second)] = ""
matrix = pd.DataFrame(rows)
matrix.attrs["long"] = pd.DataFrame(long).drop(columns=["p", "test", "favours"])
counts = ", ".join(f"{words(name)} {len(values)}" for name, values in single.items() if name != "input_norm")
p.table("correlations", matrix, caption=f"Spearman's correlation of scores averaged over networks, with 95 % intervals "
                                        f"over networks. Networks averaged: {counts}.")

# %% tags=["hide-input"]
p.reported(table)

# %% [markdown]
# “High” is given a meaning beforehand: $\rho > 0.5$ for each of the paper's three pairs. “Highest” means that the
# correlation of EL2N and forgetting exceeds those of both other pairs. Each claim needs all its parts, so the weakest
# one decides. The same two claims are tested with GraNd from the last checkpoint in place of GraNd at initialisation.

# %% tags=["hide-input"]
from prunebook.page.comparisons import all_of

HIGH = 0.5


def high(grand):
    """All three pairs are high, with this GraNd."""
    return all_of({f"{words(a)} and {words(b)}": pair(a, b, HIGH) for a, b in replaced(grand)})


def highest(grand):
    """EL2N and forgetting correlate more than either does with this GraNd."""
    *others, last = [(names.index(a), names.index(b)) for a, b in replaced(grand)]
    return all_of({
        f"against {words(names[a])} and {words(names[b])}":
            left_out.above(of=lambda matrix, a=a, b=b: matrix[last] - matrix[a, b]) for a, b in others
    })


def replaced(grand):
    return [tuple(grand if name == "grand_initial" else name for name in both) for both in PAIRS]


p.claim("el2n-forgetting-highest", highest("grand_initial"))
p.claim("all-pairs-high", high("grand_initial"))
p.claim("el2n-forgetting-highest-last", highest("grand_last"))
p.claim("all-pairs-high-last", high("grand_last"))
p.verdicts()

# %% tags=["hide-input"]
p.close()
