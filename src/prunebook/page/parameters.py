"""Parameters of a page, checked before anything is computed: papermill takes unknown names without a word."""

import math

from prunebook.arrays.checks import nearest
from prunebook.page import notebook

SCALES = ("auto", "smoke", "small", "paper")
DEVICES = ("auto", "cpu", "cuda")
DATASETS = ("digits", "mnist", "cifar10", "cifar100", "tiny_imagenet", "cinic10", "organamnist", "imagenet")
MODELS = (
    "resnet8", "resnet14", "resnet20", "resnet32", "resnet44", "resnet56", "resnet110", "resnet164", "resnet18",
    "resnet50", "vgg13", "vgg19", "wrn28_2", "wrn28_10", "lenet", "fcnet",
)
KNOWN = {"scale": SCALES, "dataset": ("", *DATASETS), "model": ("", *MODELS), "device": DEVICES}
INJECTED = "# Parameters"  # the first line of the cell that papermill adds
WORDS = {
    str: "a text", int: "a whole number", float: "a number", bool: "true or false", list: "a list", dict: "a mapping",
}


class ParameterError(ValueError):
    """A parameter that a page does not have, or a value that it cannot take."""


def check(item, values, choices=None):
    """All parameters of the page with `values` in place of defaults, converted from text where they came as text.

    ParameterError names the parameter, what was wrong and the nearest valid name. `choices`: name -> valid values,
    by default those that the page itself declares.
    """
    declared = notebook.declared(item)
    for name in values:
        if name not in declared:
            listed = ", ".join(declared)
            raise ParameterError(f"{item} has no parameter {name!r}; it has {listed}{nearest(name, declared)}")
    choices = notebook.choices_of(item) if choices is None else choices
    checked = {}
    for name, parameter in declared.items():
        value = _typed(parameter, values[name]) if name in values else parameter.default
        _known(name, value, {**KNOWN, **(choices or {})}.get(name))
        checked[name] = value
    _common(checked)
    return checked


def check_globals(item, space, choices=None):
    """The page's parameters as they stand in its globals, checked; names that nobody declared are an error."""
    declared = notebook.declared(item)
    missing = [name for name in declared if name not in space]
    if missing:
        raise ParameterError(f"{item}: run the cell tagged `parameters` first; {missing[0]!r} is not defined")
    values = {name: space[name] for name in declared}
    return check(item, {**values, **_undeclared(item, space, declared)}, choices)


def _undeclared(item, space, declared):
    executed = [source for source in space.get("In", ()) if isinstance(source, str)]
    injected = [source for source in executed if source.lstrip().startswith(INJECTED)]
    names = set().union(*map(_bound, injected)) - set(declared)
    cells = [cell.source for cell in notebook.code_cells(item)]
    own = set(declared).union(*map(_bound, [s for s in executed if s not in injected] + cells))
    names |= {name for name, value in space.items() if _could_be_parameter(name, value) and name not in own}
    return {name: space.get(name) for name in sorted(names)}


def _could_be_parameter(name, value):
    return not name.startswith("_") and name not in ("In", "Out") and type(value) in (*WORDS, type(None))


def _bound(source):
    try:
        return notebook.bound_names(source)
    except SyntaxError:  # a cell with IPython's own syntax, such as %time
        return set()


def _typed(parameter, value):
    wanted = parameter.type
    if wanted is not str and isinstance(value, str):
        value = _from_text(parameter, value)
    if wanted is list and isinstance(value, tuple):
        value = list(value)
    if wanted is float and type(value) is int:
        value = float(value)
    if type(value) is not wanted or (wanted is float and not math.isfinite(value)):
        raise ParameterError(f"{parameter.name}: {value!r} is not valid; it must be {WORDS[wanted]}{_such(parameter)}")
    if wanted is list and parameter.default:
        kinds = {type(member) for member in parameter.default}
        if any(type(member) not in kinds for member in value):
            expected = " or ".join(sorted(WORDS[kind] for kind in kinds))
            raise ParameterError(f"{parameter.name}: {value!r} is not valid; each member must be {expected}")
    return value


def _from_text(parameter, text):
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise ParameterError(
            f"{parameter.name}: {text!r} cannot be read; it must be {WORDS[parameter.type]}{_such(parameter)}"
        ) from None


def _such(parameter):
    return f", such as {parameter.default!r}" if parameter.default not in ("", [], {}, None) else ""


def _known(name, value, valid):
    if valid is None:
        return
    for member in value if isinstance(value, (list, tuple)) else [value]:
        if member not in valid:
            listed = ", ".join(repr(v) for v in valid)
            raise ParameterError(f"{name}: {member!r} is unknown; valid are {listed}{nearest(member, valid)}")


def _common(values):
    if values.get("seeds", 0) < 0:
        raise ParameterError(f"seeds: {values['seeds']} is not valid; it must be 0 (those of the scale) or more")
    if values.get("device") == "cuda":
        import torch  # only here: a page with nothing missing needs no torch

        if not torch.cuda.is_available():
            raise ParameterError("device: 'cuda' was asked for, but there is no usable CUDA device; use 'cpu'")
