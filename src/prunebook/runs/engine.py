"""Make what is missing, here and now, and return one table: the one call a page makes."""

import math
import time

from prunebook.arrays import checks
from prunebook.recipes.grid import Run
from prunebook.runs.claims import Claims
from prunebook.runs.context import Context
from prunebook.runs.devices import describe_device, ran_out_of_memory, resolve
from prunebook.runs.errors import Failure, IngredientError, RunError
from prunebook.runs.estimates import Estimates
from prunebook.runs.files import StoreError
from prunebook.runs.provenance import Meter, origin, outcome
from prunebook.runs.schedule import group_name, groups, key
from prunebook.runs.schedule import missing as to_make
from prunebook.runs.store import Store
from prunebook.runs.tables import table

WAITING = 0.2  # seconds between two looks at a run that another process is making


def results(runs, *, device="auto", deadline=None, store=None, missing="run", progress=None):
    """Long-form table of `runs`, a row each: labels, `seed`, metrics; what is not stored is computed first.

    `deadline`: seconds from now after which no job is started, nor one that would overrun it; rows not there are left
    out and counted in `table.attrs["missing"]`. `missing="skip"` computes nothing. `progress(done, total, label,
    seconds)` is called after every job. Raises RunError once all runs that can be made are stored, StoreError if the
    store cannot be written.
    """
    runs, store, found = list(runs) if hasattr(runs, "__iter__") else [runs], store or Store(), {}
    strange = [type(run).__name__ for run in runs if not isinstance(run, Run)]
    if strange:
        raise ValueError(f"runs: {strange[0]} is not valid; a list of Run is needed, as `recipes.grid.grid` gives it")
    checks.choice("missing", missing, ("run", "skip"))
    if deadline is not None and not deadline >= 0:
        raise ValueError(f"deadline: {deadline!r} is not valid; it must be a number of seconds of at least 0")
    for run in runs:
        checks.integer("seed", run.seed, 0)

    def look(recipe, seed):
        found[key(recipe, seed)] = store.get(recipe, seed)
        return found[key(recipe, seed)] is not None

    wanted = to_make(runs, look) if missing == "run" else []
    failures = make(runs, wanted, store, device, deadline, progress) if wanted else []
    made = table(runs, store, found)
    if failures:
        raise RunError(failures, made) from failures[0].error
    return made


def make(runs, wanted, store, device, deadline, progress):
    """Compute the (recipe, seed) of `wanted`, which `runs` lack; returns the Failures."""
    until = math.inf if deadline is None else time.monotonic() + deadline
    store.check_writable()
    names = {key(*pair) for pair in wanted}
    engine = Engine(store, resolve(device), until, progress, names)
    asked = {key(run.recipe, run.seed): (run.recipe, run.seed) for run in sorted(runs, key=lambda run: run.seed)}
    engine.work(list(groups([pair for name, pair in asked.items() if name in names], names)))
    return list(engine.failures.values())


class Engine:
    """Jobs one after the other in this process; every run is stored as soon as its job is done."""

    def __init__(self, store, device, until, progress, planned):
        self.store, self.device, self.until, self.progress = store, device, until, progress
        self.planned, self.total = planned, len(planned)
        self.claims, self.waiting = Claims(store.root / "claims"), []
        self.failures, self.finished, self.left_out = {}, set(), set()
        self.estimates = None if until == math.inf else Estimates(store, *describe_device(device))

    def work(self, jobs):
        """All jobs in order; what was thought too long is tried again as long as others taught a better estimate."""
        before = -1
        while len(self.finished) > before:
            before = len(self.finished)
            self.left_out.clear()
            for job in jobs:
                self.job(job)
            self.wait()
            if not self.left_out or time.monotonic() >= self.until:
                return

    def wait(self):
        """Look again, until the deadline, at what other processes were making; they may have died meanwhile."""
        while self.waiting and time.monotonic() < self.until:
            time.sleep(WAITING)
            jobs, self.waiting = self.waiting, []
            for pairs in jobs:
                self.job(pairs)

    def job(self, pairs):
        """Do what can be done of one job; what another process is at, or has yet to make, is left for `wait`."""
        pairs = [pair for pair in pairs if key(*pair) not in self.finished and key(*pair) not in self.failures]
        mine = []
        try:
            for recipe, seed in pairs:
                if self.claims.take(_name(recipe, seed)):
                    mine.append((recipe, seed))
            later = [pair for pair in pairs if pair not in mine] + self.claimed(mine)
        finally:
            self.claims.release([_name(*pair) for pair in mine])
        if later:
            self.waiting.append(later)

    def claimed(self, pairs):
        """Make those of `pairs` that are still missing, have what they need and fit before the deadline."""
        ready, later = [], []
        for recipe, seed in pairs:
            state = self.state(recipe, seed)
            if state == "ready":
                ready.append((recipe, seed))
            elif state == "waits":
                later.append((recipe, seed))
        fitting = self.before_deadline(ready)
        self.left_out.update(key(*pair) for pair in ready[len(fitting):])
        if fitting:
            self.attempt(fitting)
        return later

    def state(self, recipe, seed):
        """ "done", "dropped" (it, or what it needs, failed or was left out), "waits" for what it needs, or "ready"."""
        name = key(recipe, seed)
        if name in self.finished or self.store.has(recipe, seed):  # another process may have made it meanwhile
            self.finished.add(name)
            return "done"
        state = "ready"
        for needed in recipe.needs(seed):
            other = key(*needed)
            if other in self.failures:
                error = IngredientError(f"it needs {other[0]} {other[1]} seed {other[2]}, which failed")
                self.failures[name] = Failure(recipe, seed, error)
                return "dropped"
            if other in self.left_out:
                self.left_out.add(name)
                return "dropped"
            if other not in self.finished:
                if self.store.has(*needed):
                    self.finished.add(other)
                elif other in self.planned:  # otherwise it was damaged since, and is made when asked for
                    state = "waits"
        return state

    def before_deadline(self, pairs):
        """The first of `pairs` whose estimated time still fits; without a deadline, all of them."""
        left = self.until - time.monotonic()
        if left == math.inf:
            return pairs
        fitting, seconds = [], 0.0
        for recipe, seed in pairs:
            seconds += self.estimates.seconds(recipe)[0]
            if left <= 0 or seconds > left:
                break
            fitting.append((recipe, seed))
        return fitting

    def attempt(self, pairs):
        """Run a job; if it fails, its parts: halves where memory ran out, otherwise one by one."""
        pairs = [pair for pair in pairs if key(*pair) not in self.finished]
        try:
            if pairs:
                self.run(pairs)
            return
        except StoreError:
            raise
        except Exception as error:
            if len(pairs) == 1:
                self.failures[key(*pairs[0])] = Failure(*pairs[0], error)
                return
            step = -(-len(pairs) // 2) if ran_out_of_memory(error) else 1
        for start in range(0, len(pairs), step):  # outside the handler, which would keep the failed job's memory alive
            self.attempt(pairs[start : start + step])

    def run(self, pairs):
        """Run one job and store its records."""
        recipes = [recipe for recipe, _ in pairs]
        origins = [origin(recipe, self.device) for recipe in recipes]
        meter = Meter(self.device)
        made = self.compute(recipes, [self.context(*pair, len(pairs), meter) for pair in pairs])
        facts = outcome(meter, len(pairs), group_name(pairs))
        for place, (recipe, seed) in enumerate(pairs):
            try:
                self.store.put(recipe, seed, made[place], {**origins[place], **facts})
            except StoreError as error:
                others = len(pairs) - place - 1
                raise StoreError(f"{error}; so are {others} more of its job" if others else str(error)) from error
            self.store.checkpoint_path(recipe, seed).unlink(missing_ok=True)
            self.finished.add(key(recipe, seed))
            if self.estimates:
                self.estimates.learn(recipe, facts["seconds"], origins[place]["flops"])
        self.tell(_label(recipes), facts["group"]["seconds"])

    @staticmethod
    def compute(recipes, contexts):
        if len(recipes) == 1:
            return [recipes[0].run(contexts[0])]
        made = type(recipes[0]).run_together(recipes, contexts)
        if len(made) != len(recipes):
            raise ValueError(f"run_together returned {len(made)} records for {len(recipes)} runs")
        return made

    def context(self, recipe, seed, runs, meter):
        """The Context of one run; its progress is passed on twice a second at most, as a part of the whole."""
        said = 0.0

        def inside(done, total, **values):
            nonlocal said
            if meter.seconds() - said >= 0.5:
                said = meter.seconds()
                shown = "".join(f", {name} {_short(value)}" for name, value in values.items())
                self.tell(f"{_label([recipe] * runs)}: {done} of {total}{shown}", said, runs * done / max(total, 1))

        return Context(recipe, seed, self.device, self.store, lambda *pair: self.run([pair]), inside)

    def tell(self, label, seconds, part=0):
        if self.progress:
            self.progress(min(len(self.finished) + part, self.total), self.total, label, seconds)


def _label(recipes):
    return type(recipes[0]).__name__ + (f" × {len(recipes)}" if len(recipes) > 1 else "")


def _short(value):
    return f"{value:.4g}" if isinstance(value, float) else value


def _name(recipe, seed):
    return "-".join(map(str, key(recipe, seed)))
