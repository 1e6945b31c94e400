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
# # Figure 1, left: the flow of subset selection

# %% tags=["parameters"]
scale = "auto"  # auto, smoke, small or paper
dataset = ""  # the data set drawn; "" for that of the scale
model = ""  # encoder whose features are used; "" for that of the scale
seeds = 0  # drawn selections; only the first is shown, 0 for one
device = "auto"  # auto, cpu or cuda
method = "gram_schmidt"  # the selection method

# %% tags=["hide-input"]
from prunebook import page
from prunebook.recipes.presets import CLASSES, NETWORKS
from prunebook.recipes.selection import METHODS

choices = {"dataset": ["", *CLASSES], "model": ["", *NETWORKS], "method": METHODS}
p = page.begin("norms/fig1-left", globals(), choices=choices)

# %% [markdown]
# A feature is computed for every unlabelled training example, by an encoder that was trained without labels. A
# selection algorithm sees the features alone and returns the few examples that are worth labelling. Everything in the
# drawing is real: images of the data set, their SimCLR features in the plane of the two largest principal components,
# and one selection of as many examples as there are classes.

# %% tags=["experiment"]
from prunebook.recipes.flow import Flow
from prunebook.recipes.grid import grid
from prunebook.recipes.presets import CLASSES, simclr_features
from prunebook.recipes.selection import Selection


def experiment(scale):
    """One selection and the pictures that show it."""
    name = dataset or ("digits" if scale == "smoke" else "cifar10")
    features = simclr_features(scale, name, model=model)
    return grid(
        lambda method: Flow(Selection(features, method, CLASSES[name])),
        method=[method],
        seed=range(seeds or 1),
    )


# %% tags=["hide-input"]
table = p.results(experiment, whole=True)
flow = next(table.itertuples())
pictures = {name: p.array(flow, name) for name in ("pool", "chosen", "points", "picks")}


# %% tags=["hide-input"]
from prunebook.page.style import words


def mosaic(images, columns, gap=1):
    """Images (n, C, H, W) uint8 side by side: one (rows, columns, 3) picture with transparent gaps."""
    import numpy as np

    n, channels, height, width = images.shape
    rows = -(-n // columns)
    sheet = np.zeros((rows * (height + gap), columns * (width + gap), 4), dtype=np.uint8)
    for place, image in enumerate(images):
        top, left = place // columns * (height + gap), place % columns * (width + gap)
        colour = np.broadcast_to(image, (3, height, width)).transpose(1, 2, 0)
        sheet[top : top + height, left : left + width, :3] = colour
        sheet[top : top + height, left : left + width, 3] = 255
    return sheet


def draw(style):
    """Images, arrow, features in the plane, arrow, chosen images."""
    figure, axes = style.figure(3, columns=3)
    look = style.look(method)
    for ax, title in zip(axes, ("unlabelled", "features, picks marked", "chosen")):
        ax.set(title=title, xticks=[], yticks=[])
        ax.grid(False)
        for side in ax.spines.values():
            side.set_visible(False)
    axes[0].imshow(mosaic(pictures["pool"], 6))
    axes[1].scatter(*pictures["points"].T, s=3, color=style.muted, linewidths=0)
    axes[1].scatter(*pictures["picks"].T, s=60, color=look.colour, marker=look.marker)
    axes[1].set_box_aspect(1)
    axes[2].imshow(mosaic(pictures["chosen"], 4))
    for ax, step in ((axes[0], "encoder"), (axes[1], "selection")):
        ax.annotate("", (1.30, 0.5), (1.04, 0.5), xycoords="axes fraction",
                    arrowprops={"arrowstyle": "-|>", "color": style.text})
        ax.text(1.17, 0.56, step, transform=ax.transAxes, ha="center", color=style.text, fontsize="x-small")
    figure.get_layout_engine().set(wspace=0.18)
    return figure


p.figure(
    "flow",
    draw,
    caption=f"From unlabelled examples to the few that are labelled, here by {words(method)}; the plane shown holds "
            f"{100 * flow.explained:.0f} % of the variance of the features.",
    alt=f"A sample of images, an arrow to a scatter of their features with {len(pictures['picks'])} picks marked, an "
        f"arrow to the chosen images: {', '.join(flow.labels)}.",
)

# %% tags=["hide-input"]
p.reported(table)

# %% tags=["hide-input"]
p.verdicts()

# %% tags=["hide-input"]
p.close()
