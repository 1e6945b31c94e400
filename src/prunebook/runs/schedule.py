"""The order of work: what a run is made from comes first, lowest seeds of every arm first, equals in one job."""

from prunebook.runs.canonical import sha256
from prunebook.runs.identity import digest


def key(recipe, seed):
    """What tells one run from another inside a process."""
    return type(recipe).__name__, digest(recipe), seed


def group_name(pairs):
    """What tells one job from another: a hash of its (recipe, seed) in the order in which they are fused."""
    return sha256([list(key(*pair)) for pair in pairs])[:12]


def with_ingredients(runs):
    """The distinct (recipe, seed) of `runs` and of all that they are made from, ingredients first."""
    return missing(runs, lambda recipe, seed: False)


def missing(runs, has):
    """The distinct (recipe, seed) to compute: what is not there, and what that needs, ingredients first."""
    found, there = {}, {}

    def visit(recipe, seed, above):
        name = key(recipe, seed)
        if name in above:
            raise ValueError(f"{name[0]} {name[1]} seed {seed} needs itself")
        if name not in there:
            there[name] = has(recipe, seed)
        if there[name] or name in found:
            return
        for needed, needed_seed in recipe.needs(seed):
            visit(needed, needed_seed, above | {name})
        found[name] = (recipe, seed)

    for run in sorted(runs, key=lambda run: run.seed):
        visit(run.recipe, run.seed, frozenset())
    return list(found.values())


def groups(runs, wanted):
    """Jobs, each a list of (recipe, seed), in the order of work.

    `runs`: those to compute that were asked for, by seed; `wanted`: all keys to compute, ingredients included.
    A job's ingredients come right before it, so that a deadline finds the lowest seeds of everything done.
    """
    emitted = set()

    def schedule(pairs):
        for group in _fused(pairs):
            needed = {}
            for recipe, seed in group:
                for pair in recipe.needs(seed):
                    if key(*pair) in wanted and key(*pair) not in emitted:
                        needed.setdefault(key(*pair), pair)
            yield from schedule(needed.values())
            fresh = [pair for pair in group if key(*pair) not in emitted]
            emitted.update(key(*pair) for pair in fresh)
            if fresh:
                yield fresh

    yield from schedule(runs)


def _fused(pairs):
    """Pairs in groups of one kind with equal `together`, at most `group_limit` each, by first member."""
    made, open_groups = [], {}
    for recipe, seed in pairs:
        same = recipe.together
        place = None if same is None else (type(recipe), same)
        group = open_groups.get(place) if place else None
        if group is None or len(group) >= recipe.group_limit:
            group = []
            made.append(group)
            if place:
                open_groups[place] = group
        group.append((recipe, seed))
    return made
