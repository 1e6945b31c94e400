"""The store of runs: a local folder that is written, over what the repository ships, which is only read.

    <root>/records/<Kind>/<digest>/<seed>.json and .npz      <root>/checkpoints   <root>/claims   <root>/damaged
    <published>/records/<Kind>/<digest>.jsonl.gz and <digest>-<seed>.npz
"""

import dataclasses
import errno
import logging
import os
import tempfile
import time
from pathlib import Path

from prunebook.runs import paths, records
from prunebook.runs.files import StoreError, reason, write_whole
from prunebook.runs.identity import describe, digest
from prunebook.runs.published import Published, check_sizes, pack_lines

log = logging.getLogger("prunebook.runs")


class Store:
    """Runs by recipe and seed. `root=None`: PRUNEBOOK_STORE or `.store`; `published=None`: `data/published`.

    `published=False` leaves the shipped layer out. Damaged records are set aside, told of once (log, and the list
    `damaged`), and count as missing.
    """

    def __init__(self, root=None, published=None):
        self.root = Path(root) if root is not None else paths.store_root()
        folder = paths.published_root() if published is None else published or None
        self.damaged = []
        self.published = Published(folder, self._report)

    def folder(self, kind, name):
        return self.root / "records" / kind / name

    def checkpoint_path(self, recipe, seed):
        """Where a long training of this run keeps its state."""
        return self.root / "checkpoints" / type(recipe).__name__ / digest(recipe) / f"{seed}.pt"

    def get(self, recipe, seed):
        """The StoredRun, checked against its checksums, or None; `published` if the repository ships the same."""
        kind, name = type(recipe).__name__, digest(recipe)
        found = self._local(kind, name, seed)
        if found is None:
            return self.published.get(kind, name, seed)
        shipped = self.published.seeds(kind, name).get(seed, {})
        return dataclasses.replace(found, published=shipped.get("checksum") == found.checksum)

    def has(self, recipe, seed):
        """Whether the run is stored and sound."""
        return self.get(recipe, seed) is not None

    def put(self, recipe, seed, record, provenance):
        """Store one run, whole or not at all; StoreError says what was lost."""
        kind, name = type(recipe).__name__, digest(recipe)
        text, npz = records.pack(describe(recipe), seed, record, provenance)
        folder = self.folder(kind, name)
        arrays = [(folder / f"{seed}.npz", npz)] if npz is not None else []
        try:
            write_whole([*arrays, (folder / f"{seed}.json", text)])
        except OSError as error:
            raise StoreError(
                f"{kind} {name} seed {seed} could not be stored in {self.root}: {reason(error)}; "
                "this run is lost, everything stored before is intact"
            ) from error

    def check_writable(self):
        """StoreError if nothing can be stored here; asked before anything is computed."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.root, prefix=".probe-") as probe:
                probe.write(b"1")
                probe.flush()
        except OSError as error:
            raise StoreError(
                f"the store {self.root} cannot be written: {reason(error)}; nothing was computed, "
                "set PRUNEBOOK_STORE to another folder"
            ) from error

    def records(self, kind, name=None):
        """All sound runs of one kind, or of one recipe by its digest, in both layers."""
        names = [name] if name else self._names(kind)
        for one in names:
            shipped = self.published.seeds(kind, one)
            for seed in sorted({*self._seeds(kind, one), *shipped}):
                found = self._local(kind, one, seed, arrays=False) or (
                    records.stored(shipped[seed], None, published=True) if seed in shipped else None)
                if found:
                    yield found

    def publish(self, runs):
        """Copy stored runs, and what they are made from, into the shipped layer; returns the paths written.

        Recipes with `publish = False` stay out. Records already shipped stay, a stored seed replaces its own.
        ValueError, with nothing written, if a file would pass 2 MiB or everything 30 MiB.
        """
        from prunebook.runs.schedule import with_ingredients

        folder = self.published.folder
        if folder is None:
            raise ValueError("publish: there is no checkout to publish into")
        chosen, files = {}, []
        for recipe, seed in with_ingredients(runs):
            found = self._content(recipe, seed) if recipe.publish else None
            if found:
                chosen.setdefault((type(recipe).__name__, digest(recipe)), {})[seed] = found
        for (kind, name), seeds in chosen.items():
            arrays = {seed: npz for seed, (_, npz) in seeds.items() if npz}
            files += [(self.published.npz(kind, name, seed), npz.read_bytes()) for seed, npz in arrays.items()]
            merged = {**self.published.seeds(kind, name), **{seed: content for seed, (content, _) in seeds.items()}}
            files.append((self.published.path(kind, name), pack_lines(merged.values())))
        check_sizes(folder, files)
        self.published.read.clear()
        for path, content in files:
            try:
                write_whole([(path, content)])
            except OSError as error:
                raise StoreError(f"{path.name} could not be published: {reason(error)}; publish again, "
                                 "what was shipped before is intact") from error
        return [path for path, _ in files]

    def _names(self, kind):
        folder = self.root / "records" / kind
        local = [entry.name for entry in os.scandir(folder)] if folder.is_dir() else []
        return sorted({*local, *self.published.digests(kind)})

    def _seeds(self, kind, name):
        folder = self.folder(kind, name)
        if not folder.is_dir():
            return []
        stems = [entry.name.removesuffix(".json") for entry in os.scandir(folder) if entry.name.endswith(".json")]
        return sorted(int(stem) for stem in stems if stem.isdigit())

    def _content(self, recipe, seed):
        """The checked record and its npz path from the local layer, or None."""
        kind, name = type(recipe).__name__, digest(recipe)
        return self._read(kind, name, seed) if self._local(kind, name, seed) else None

    def _read(self, kind, name, seed, *, arrays=True):
        """The checked record and its npz path; FileNotFoundError, or DamagedRecord."""
        path = self.folder(kind, name) / f"{seed}.json"
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise records.DamagedRecord(f"it cannot be read ({reason(error)})") from None
        content = records.parse(text)
        if (content["kind"], content["seed"]) != (kind, seed):
            raise records.DamagedRecord("it is the record of another run")
        return content, records.check_arrays(content, path.with_suffix(".npz")) if arrays else None

    def _local(self, kind, name, seed, *, arrays=True):
        for attempt in (0, 1, 2):
            try:
                content, npz = self._read(kind, name, seed, arrays=arrays)
            except (FileNotFoundError, NotADirectoryError):
                return None
            except records.DamagedRecord as problem:
                if attempt == 2:
                    self._set_aside(kind, name, seed, problem)
                    return None
                time.sleep(0.02)  # another process may be between renaming the arrays and renaming the record
                continue
            return records.stored(content, npz, published=False)

    def _set_aside(self, kind, name, seed, problem):
        """Move a damaged record out of the way, where that is allowed."""
        outcome = "was set aside in damaged/"
        try:
            target = self.root / "damaged"
            target.mkdir(parents=True, exist_ok=True)
            for suffix in (".npz", ".json"):
                source = self.folder(kind, name) / f"{seed}{suffix}"
                if source.exists():
                    os.replace(source, target / f"{kind}-{name}-{seed}-{time.time_ns()}{suffix}")
        except OSError as error:
            outcome = "stays where it is" if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM) else "is ignored"
        self._report(kind, name, seed, problem, outcome)

    def _report(self, kind, name, seed, problem, outcome):
        which = f"{kind} {name}" + (f" seed {seed}" if seed is not None else "")
        sentence = f"The record {which} is damaged ({problem}); it {outcome} and counts as missing."
        if sentence not in self.damaged:
            self.damaged.append(sentence)
            log.warning(sentence)
