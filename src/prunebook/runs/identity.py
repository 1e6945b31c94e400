"""The identity of a run: what its recipe says beyond its defaults, and a hash of that."""

import dataclasses
import importlib
import pkgutil
import types
import typing
from functools import cache

from prunebook.arrays import checks
from prunebook.recipes.base import KINDS, Recipe
from prunebook.runs import canonical


def describe(recipe):
    """`{"kind", "version", "fields"}` of a recipe; fields equal to their defaults are left out.

    A default recipe of a raised version is kept, so that raising a version reaches what is made from it.
    TypeError names a field that holds anything but plain values, tuples of them, recipes and settings.
    """
    if not isinstance(recipe, Recipe):
        raise TypeError(f"recipe: {recipe!r} is not a Recipe")
    return _describe(recipe, type(recipe).__name__)


def digest(recipe):
    """Twelve hex digits that name the recipe: sha256 of its description."""
    known = recipe.__dict__.get("_digest")
    if known is None:
        known = canonical.sha256(describe(recipe))[:12]
        object.__setattr__(recipe, "_digest", known)  # recipes are frozen, so it stays true
    return known


def revive(description):
    """The recipe that `description` is of; fields it does not name (younger than it) have their defaults."""
    return _revive(description, kind(description["kind"]))


def kind(name):
    """The class of recipe called `name`; ValueError names the nearest one."""
    if name not in KINDS:
        recipes = importlib.import_module("prunebook.recipes")
        for module in pkgutil.iter_modules(recipes.__path__, "prunebook.recipes."):
            importlib.import_module(module.name)
    return KINDS[checks.choice("kind", name, sorted(KINDS))]


def parts(value):
    """The dataclass instances inside a recipe, itself first: nested recipes and settings."""
    if dataclasses.is_dataclass(value):
        yield value
        for field in dataclasses.fields(value):
            yield from parts(getattr(value, field.name))
    elif isinstance(value, (list, tuple)):
        for member in value:
            yield from parts(member)


def _describe(value, name):
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        cls = type(value)
        if "__dataclass_fields__" not in vars(cls):
            raise TypeError(f"{name}: {cls.__name__} is not a dataclass; put @dataclass(frozen=True) above it")
        described = {field.name: _describe(getattr(value, field.name), f"{name}.{field.name}")
                     for field in dataclasses.fields(cls) if field.init}
        defaults = _defaults(cls)
        differing = {field: v for field, v in described.items() if field not in defaults or defaults[field] != _key(v)}
        version = {"version": cls.version} if isinstance(value, Recipe) else {}
        return {"kind": cls.__name__, **version, "fields": differing}
    if isinstance(value, (list, tuple)):
        return [_describe(member, f"{name}[{place}]") for place, member in enumerate(value)]
    return canonical.encode(value, name, whole=True)


@cache
def _defaults(cls):
    """Field name -> canonical JSON of its default, without those that must always be spelled out."""
    defaults = {}
    for field in dataclasses.fields(cls):
        if field.default is not dataclasses.MISSING:
            value = field.default
        elif field.default_factory is not dataclasses.MISSING:
            value = field.default_factory()
        else:
            continue
        if all(getattr(part, "version", 1) == 1 for part in parts(value) if isinstance(part, Recipe)):
            defaults[field.name] = _key(_describe(value, f"{cls.__name__}.{field.name}"))
    return defaults


def _key(described):
    """Text of a described value: unlike Python's ==, it tells True from 1."""
    return canonical.dumps(described)


def _revive(described, hint):
    if isinstance(described, list):
        return tuple(_revive(value, hint) for value in described)
    if not isinstance(described, dict):
        whole = type(described) is int and abs(described) <= canonical.EXACT
        return float(described) if whole and _wants_float(hint) else described
    if "kind" not in described:
        return canonical.decode(described)
    cls = _class(described["kind"], hint)
    hints, known = _hints(cls), [field.name for field in dataclasses.fields(cls) if field.init]
    fields = {checks.choice(f"field of {cls.__name__}", name, known): _revive(value, hints.get(name))
              for name, value in described["fields"].items()}
    return cls(**fields)


def _classes(hint):
    """All classes a type hint mentions, outermost first."""
    if isinstance(hint, type) and not isinstance(hint, types.GenericAlias):
        return [hint]
    return [cls for part in typing.get_args(hint) for cls in _classes(part)]


def _wants_float(hint):
    mentioned = _classes(hint)
    return float in mentioned and int not in mentioned


def _class(name, hint):
    """The dataclass called `name`: one that the field's annotation mentions, or a kind of recipe."""
    for cls in _classes(hint):
        if cls.__name__ == name and dataclasses.is_dataclass(cls):
            return cls
    return kind(name)


@cache
def _hints(cls):
    """Field name -> type: the annotation where it can be resolved, otherwise the type of the default."""
    try:
        return typing.get_type_hints(cls)
    except (NameError, TypeError):  # classes defined inside a function under postponed annotations
        return {f.name: f.type if isinstance(f.type, type) else type(f.default) for f in dataclasses.fields(cls)}
