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
# # Figure 5c, d: how different are the norms?

# %% tags=["parameters"]
scale = "auto"  # auto, smoke, small or paper
dataset = ""  # one data set; "" for those of the scale
model = ""  # encoder whose features are used; "" for that of the scale
seeds = 0  # encoders; 0 for those of the scale
device = "auto"  # auto, cpu or cuda

# %% tags=["hide-input"]
from prunebook import page
from prunebook.recipes.presets import CLASSES, NETWORKS

p = page.begin("norms/fig5cd", globals(), choices={"dataset": ["", *CLASSES], "model": ["", *NETWORKS]})

# %% [markdown]
# Drawing in proportion to $\lVert F_i \rVert$ (eq. 1) differs from drawing uniformly only as far as the norms differ.
# Their spread is measured by the coefficient of variation $c = \sigma / \mu$. Under eq. (1) the expected norm of a
# drawn example is $\mu (1 + c^2)$ instead of $\mu$: a small $c$ means nearly uniform sampling.

# %% tags=["experiment"]
from dataclasses import replace

from prunebook.recipes.features import FeatureNorms
from prunebook.recipes.grid import grid
from prunebook.recipes.presets import DATASETS, simclr_features

SEEDS = {"smoke": 1, "small": 1, "paper": 1}


def experiment(scale):
    """The norms of all training examples, for each data set and encoder."""
    return grid(
        lambda dataset, encoder: FeatureNorms(
            replace(simclr_features(scale, dataset, model=model), encoder_seed=encoder)
        ),
        dataset=[dataset] if dataset else DATASETS[scale],
        encoder=range(seeds or SEEDS[scale]),
        seed=[0],
    )


# %% tags=["hide-input"]
table = p.results(experiment, whole=True)
first = table[table.encoder == table.encoder.min()]
norms = {row.dataset: p.array(row, "norms") for row in first.itertuples()}

# %% tags=["hide-input"]
p.figure(
    "norms",
    lambda style: style.histogram(norms, labels={"x": "norm of the SimCLR feature", "y": "training examples"}),
    caption="Norms of the SimCLR features of all training examples; the dashed line is the mean, σ/μ the coefficient "
            "of variation.",
    alt=" ".join(f"{name}: mean norm {v.mean():.3g}, from {v.min():.3g} to {v.max():.3g}, coefficient of variation "
                 f"{v.std(ddof=1) / v.mean():.2f}." for name, v in norms.items()),
)

# %% tags=["hide-input"]
p.table("spread", table[["dataset", "encoder", "mean", "deviation", "variation"]],
        caption="Mean, standard deviation and coefficient of variation of the norms.")

# %% tags=["hide-input"]
p.reported(table)

# %% [markdown]
# “Not negligible” is given a meaning beforehand: a coefficient of variation above 0.05, so that sampling by norm
# differs from uniform sampling by more than five percent in a typical probability. The interval is a bootstrap over
# examples; it does not speak of other encoders.

# %% tags=["hide-input"]
from prunebook.page.evidence import bootstrap


def variation(values):
    """Coefficient of variation."""
    return values.std(ddof=1) / values.mean()


for name, values in norms.items():
    if name != "digits":
        p.claim(f"spread-not-negligible-{name}", bootstrap(values, variation, 0.05, unit="σ/μ"))
p.verdicts()

# %% tags=["hide-input"]
p.close()
