"""One method, one colour, one marker, one name, in all five papers; and the two themes a figure is drawn for.

The colours were searched: each has a contrast of 3:1 on white and on the dark theme's background, and the seven methods
of the norms paper stay apart (ΔE above 20) also for readers without red or green cones. Marker and dashes tell methods
apart where colours are close.
"""

from dataclasses import dataclass

from prunebook.arrays import checks


@dataclass(frozen=True)
class Method:
    """How a method looks: name in words, colour, marker, dashes."""

    name: str
    colour: str
    marker: str = "o"
    dashes: str | tuple = "-"


LONG, SHORT, MIXED = (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2))

METHODS = {
    "uniform": Method("uniform", "#69695a", "o", SHORT),
    "norm": Method("norm", "#e1000f", "s"),
    "gram_schmidt": Method("Gram-Schmidt", "#2d69a5", "D"),
    "typiclust": Method("TypiClust", "#693cff", "^"),
    "typiclust+norm": Method("TypiClust + norm", "#5a87ff", "^", LONG),
    "probcover": Method("ProbCover", "#00a54b", "v"),
    "probcover+norm": Method("ProbCover + norm", "#4b96a5", "v", LONG),
    "typiclust+gram_schmidt": Method("TypiClust + Gram-Schmidt", "#a53cd2", "^", SHORT),
    "probcover+gram_schmidt": Method("ProbCover + Gram-Schmidt", "#4b780f", "v", SHORT),
    "typiclust+uniform": Method("TypiClust + uniform", "#875a78", "^", MIXED),
    "probcover+uniform": Method("ProbCover + uniform", "#879678", "v", MIXED),
    "norm_largest": Method("largest norm", "#ff4b4b", "s", LONG),
    "gram_schmidt_largest": Method("Gram-Schmidt, largest", "#5a96d2", "D", LONG),
    "balanced_low": Method("class-balanced, low norm", "#7887e1", "<"),
    "balanced_high": Method("class-balanced, high norm", "#d2782d", ">"),
    "el2n": Method("EL2N", "#d21e5a", "P"),
    "grand": Method("GraNd", "#c300a5", "X"),
    "forgetting": Method("forgetting", "#d2780f", "p"),
    "random": Method("random share", "#69695a", "o", LONG),
    "full": Method("full data", "#a54b1e", "o", MIXED),
    "input_norm": Method("input norm", "#1e96ff", "s", SHORT),
    "grand_initial": Method("GraNd at initialisation", "#c300a5", "X", MIXED),
    "grand_last": Method("GraNd at the last checkpoint", "#8700ff", "X", LONG),
    "grand_initial_permuted": Method("initial GraNd, permuted labels", "#d25aff", "<", SHORT),
    "grand_last_permuted": Method("last GraNd, permuted labels", "#964bd2", ">", SHORT),
    "grand_single": Method("GraNd of one network", "#4b78f0", "X", SHORT),
    "el2n_single": Method("EL2N of one network", "#e15a0f", "P", SHORT),
    "label_free_1_initial": Method("Score 1 at initialisation", "#0f78f0", "<"),
    "label_free_1_early": Method("Score 1 at epoch 20", "#0096d2", "<", LONG),
    "label_free_2_initial": Method("Score 2 at initialisation", "#1e781e", "^"),
    "label_free_2_early": Method("Score 2 at epoch 20", "#2da587", "^", LONG),
    "label_free_3_initial": Method("Score 3 at initialisation", "#c3870f", ">"),
    "label_free_3_early": Method("Score 3 at epoch 20", "#a5874b", ">", LONG),
    "memorization": Method("memorization", "#a5783c", "h"),
    "compression_position": Method("compression position", "#87692d", "*"),
    "least_confidence": Method("least confidence", "#f05aa5", "<", LONG),
    "entropy": Method("entropy", "#e10087", ">", LONG),
    "k_center": Method("greedy k-centers", "#6996c3", "P", LONG),
    "selection_via_proxy": Method("Selection via Proxy", "#a54b3c", "X", LONG),
    "dense": Method("dense", "#879687", "h", LONG),
    "pruned": Method("pruned", "#b45a1e", "p", LONG),
    "fused": Method("fused", "#ff4b78", "*", LONG),
    "low": Method("lowest scores", "#7887e1", "d"),
    "high": Method("highest scores", "#d2782d", "d", LONG),
    "baseline": Method("baseline", "#5a9696", "o", MIXED),
    "magnitude": Method("magnitude pruning", "#87692d", "s", MIXED),
    "snip": Method("SNIP", "#6996c3", "D", SHORT),
    "grasp": Method("GraSP", "#4b780f", "P", SHORT),
    "smart_ratio": Method("SmartRatio", "#a5783c", "X", SHORT),
    "hypersparse": Method("HyperSparse (ART)", "#c300a5", "*", SHORT),
}

# For hues that are no methods: the same contrast, in an order that stays apart.
NEUTRAL = ("#2d69a5", "#d2780f", "#00a54b", "#a53cd2", "#e1000f", "#4b96a5", "#875a78", "#69695a")
MARKERS = ("o", "s", "D", "^", "v", "P", "X", "*")

NAMES = {
    "digits": "digits", "mnist": "MNIST", "cifar10": "CIFAR-10", "cifar100": "CIFAR-100",
    "tiny_imagenet": "Tiny-ImageNet", "cinic10": "CINIC-10", "organamnist": "OrganAMNIST", "imagenet": "ImageNet",
    "resnet8": "ResNet-8", "resnet14": "ResNet-14", "resnet20": "ResNet-20", "resnet32": "ResNet-32",
    "resnet44": "ResNet-44", "resnet56": "ResNet-56", "resnet110": "ResNet-110", "resnet164": "ResNet-164",
    "resnet18": "ResNet-18", "resnet50": "ResNet-50", "vgg13": "VGG-13", "vgg19": "VGG-19", "wrn28_2": "WRN-28-2",
    "wrn28_10": "WRN-28-10", "lenet": "LeNet", "fcnet": "FCNet",
}


@dataclass(frozen=True)
class Theme:
    """Colours of everything that is no data."""

    name: str
    text: str
    muted: str
    grid: str
    background: str


LIGHT = Theme("light", "#1f2328", "#57606a", "#d8dee4", "#ffffff")
DARK = Theme("dark", "#e6e6e6", "#a9b1ba", "#3d444d", "#121212")


def method(name):
    """The Method called `name`; a ValueError names the nearest one."""
    return METHODS[checks.choice("method", name, tuple(METHODS))]


def words(value):
    """A value as readers see it: methods, data sets and networks by their names, anything else as it is."""
    if isinstance(value, str):
        return METHODS[value].name if value in METHODS else NAMES.get(value, value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def appearance(column, value, place):
    """The Method to draw `value` of `column` with: methods have their own look, others take one by their place."""
    if column == "method" or value in METHODS:
        return method(value)
    return Method(words(value), NEUTRAL[place % len(NEUTRAL)], MARKERS[place % len(MARKERS)])


def settings(theme):
    """matplotlib's rc parameters for a theme: transparent, calm axes, text as paths so that every reader sees it."""
    return {
        "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none", "savefig.transparent": True,
        "text.color": theme.text, "axes.labelcolor": theme.text, "axes.titlecolor": theme.text,
        "axes.edgecolor": theme.muted, "xtick.color": theme.muted, "ytick.color": theme.muted,
        "xtick.labelcolor": theme.text, "ytick.labelcolor": theme.text, "grid.color": theme.grid, "axes.grid": True,
        "axes.axisbelow": True, "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": "medium",
        "axes.titlelocation": "left", "font.family": "DejaVu Sans", "legend.frameon": False,
        "legend.labelcolor": theme.text, "lines.linewidth": 1.8, "lines.markersize": 5.5,
        "svg.fonttype": "path", "svg.hashsalt": "prunebook",
    }
