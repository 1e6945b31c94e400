"""The record of one run as bytes: JSON with a checksum inside, and at most one npz that the JSON vouches for."""

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prunebook.recipes.base import Record
from prunebook.runs import canonical

COMPRESSED_UP_TO = 2**23  # bytes; beyond it are features, which compressing slows and hardly shrinks


class DamagedRecord(ValueError):
    """A record that cannot be trusted; the message says why."""


@dataclass(frozen=True)
class StoredRun:
    """One run as it was stored: `metrics`, `provenance`, its `recipe` described, and `arrays`, read when asked for."""

    kind: str
    recipe: dict
    seed: int
    metrics: dict
    provenance: dict
    checksum: str
    published: bool
    npz: Path | None = None

    @property
    def arrays(self):
        """Name -> numpy array, read anew at each call; no arrays are an empty dict."""
        return read_arrays(self.npz) if self.npz else {}

    def record(self):
        """What the recipe returned."""
        return Record(dict(self.metrics), self.arrays)


def pack(recipe, seed, record, provenance):
    """The JSON bytes and the npz bytes (or None) of one run; `recipe` is its description."""
    npz = _pack_arrays(record.arrays)
    metrics = {name: canonical.encode(value, f"metric {name}") for name, value in record.metrics.items()}
    content = {"kind": recipe["kind"], "recipe": recipe, "seed": int(seed), "metrics": metrics,
               "provenance": canonical.encode(provenance, "provenance"), "arrays": None}
    if npz is not None:
        content["arrays"] = {"sha256": canonical.sha256(npz), "bytes": len(npz), "names": sorted(record.arrays)}
    content["checksum"] = canonical.sha256(content)
    return line(content), npz


def line(content):
    """A checked record as one line; metrics keep the order in which the recipe gave them."""
    return (canonical.dumps(content, sort=False) + "\n").encode()


def parse(text):
    """The content of one JSON record; DamagedRecord if it is not what was written."""
    try:
        content = json.loads(text)
        claimed = content.pop("checksum")
    except (ValueError, AttributeError, KeyError, TypeError):
        raise DamagedRecord("its JSON is incomplete") from None
    if canonical.sha256(content) != claimed:
        raise DamagedRecord("its checksum is wrong")
    return {**content, "checksum": claimed}


def check_arrays(content, path):
    """The path of the run's npz, or None if it has none; DamagedRecord if the file is not the one written."""
    expected = content["arrays"]
    if expected is None:
        return None
    try:
        if path.stat().st_size != expected["bytes"]:
            raise DamagedRecord("its arrays are incomplete")
        with open(path, "rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        raise DamagedRecord("its arrays are missing") from None
    except OSError:
        raise DamagedRecord("its arrays cannot be read") from None
    if found != expected["sha256"]:
        raise DamagedRecord("the checksum of its arrays is wrong")
    return path


def stored(content, npz, published):
    """The StoredRun of a checked record."""
    return StoredRun(
        kind=content["kind"], recipe=content["recipe"], seed=content["seed"], checksum=content["checksum"],
        metrics=canonical.decode(content["metrics"]), provenance=canonical.decode(content["provenance"]),
        published=published, npz=npz,
    )


def read_arrays(path):
    """Name -> array of an npz without pickled objects."""
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _pack_arrays(arrays):
    if not arrays:
        return None
    plain = {name: _plain_array(name, array) for name, array in arrays.items()}
    small = sum(array.nbytes for array in plain.values()) <= COMPRESSED_UP_TO
    buffer = io.BytesIO()
    (np.savez_compressed if small else np.savez)(buffer, **plain)
    return buffer.getvalue()


def _plain_array(name, array):
    if hasattr(array, "detach"):  # a tensor
        array = array.detach().cpu().numpy()
    array = np.asarray(array)
    if array.dtype.hasobject:
        raise TypeError(f"array {name}: its elements are Python objects; use numbers, booleans or fixed-width text")
    return array
