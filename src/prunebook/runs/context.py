"""What a recipe sees of the outside while it runs."""

from collections import OrderedDict
from functools import lru_cache

from prunebook.runs.schedule import key


class Recent:
    """The records used last, up to `limit` bytes of arrays; the newest stays however large it is."""

    def __init__(self, limit=2**30, count=256):
        self.limit, self.count, self.entries = limit, count, OrderedDict()

    def get(self, name):
        if name in self.entries:
            self.entries.move_to_end(name)
            return self.entries[name]
        return None

    def put(self, name, record):
        self.entries[name] = record
        self.entries.move_to_end(name)
        while len(self.entries) > 1 and (len(self.entries) > self.count or self.bytes() > self.limit):
            self.entries.popitem(last=False)

    def bytes(self):
        return sum(array.nbytes for record in self.entries.values() for array in record.arrays.values())


RECENT = Recent()  # one a process: features of 50,000 images are read once, not once a run


class Context:
    """One replicate's view: `seed`, `device` ("cpu", "cuda", …), `dataset`, `result`, `checkpoint`, `progress`."""

    def __init__(self, recipe, seed, device, store, make, progress=None):
        self.seed, self.device = seed, device
        self._recipe, self._store, self._make, self._progress = recipe, store, make, progress

    def dataset(self, name):
        """The data set called `name`, loaded once a process."""
        return _dataset(name)

    def result(self, recipe, *, seed):
        """The Record of what this run is made from; its arrays are shared, so copy them before changing them."""
        name = (str(self._store.root), *key(recipe, seed))
        record = RECENT.get(name)
        if record is None:
            stored = self._store.get(recipe, seed)
            if stored is None:  # not named by `needs`, or damaged since
                self._make(recipe, seed)
                stored = self._store.get(recipe, seed)
            record = stored.record()
            RECENT.put(name, record)
        return record

    @property
    def checkpoint(self):
        """The Checkpoint of this run, kept in the store until the run is done."""
        from prunebook.training.checkpoint import Checkpoint

        return Checkpoint(self._store.checkpoint_path(self._recipe, self.seed))

    def progress(self, done, total, **values):
        """Tell how far this run is: `done` of `total` steps, and any values worth showing."""
        if self._progress:
            self._progress(done, total, **values)


@lru_cache(maxsize=2)
def _dataset(name):
    from prunebook import datasets

    return datasets.load(name)
