"""What every kind of experiment has in common: a frozen description that can be carried out once for each seed."""

from dataclasses import dataclass, field
from typing import ClassVar

KINDS = {}  # class name -> class: the name is what a stored description says, wherever the class has moved to


@dataclass
class Record:
    """What one run leaves behind: `metrics` (numbers, strings, short lists) and `arrays` (name -> numpy array)."""

    metrics: dict = field(default_factory=dict)
    arrays: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """A kind of experiment: subclasses are frozen dataclasses of plain fields, other recipes and settings.

    `context` offers `.seed`, `.device`, `.dataset(name)`, `.result(recipe, seed=…) -> Record`, `.checkpoint` and
    `.progress(done, total, **values)`; a recipe sees nothing else of the outside.
    """

    version: ClassVar[int] = 1  # raised when the meaning of a field or a default changes
    publish: ClassVar[bool] = True  # False: too large to ship, the result stays in the local store
    group_limit: ClassVar[int] = 32  # most runs fused into one job, which is what a kill can cost

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        known = KINDS.get(cls.__name__)
        if known and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(f"two kinds of recipe are called {cls.__name__}: in {known.__module__}, {cls.__module__}")
        KINDS[cls.__name__] = cls

    def run(self, context):
        """Carry out one replicate, return its Record."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it is run")

    def needs(self, seed):
        """The (recipe, seed) pairs that a replicate with this seed is made from."""
        return []

    @property
    def together(self):
        """A hashable key: runs of one kind with an equal key can be one fused job; None for those that cannot."""
        return None

    @classmethod
    def run_together(cls, recipes, contexts):
        """Carry out runs with an equal `together` key, return their Records in the same order."""
        return [recipe.run(context) for recipe, context in zip(recipes, contexts, strict=True)]

    def flops(self):
        """Floating-point operations of one replicate, training and evaluation; 0.0 where they are negligible."""
        return 0.0
