"""What the repository ships: all seeds of one recipe in one compressed file, a line each; `publish` alone writes."""

import gzip
import io
import zlib
from pathlib import Path

from prunebook.runs import records

FILE_LIMIT = 2 * 2**20  # bytes a file
TOTAL_LIMIT = 30 * 2**20  # bytes of everything published


class Published:
    """The layer in `folder` (None: there is none); each file is read once."""

    def __init__(self, folder, report):
        self.folder, self.report, self.read = folder and Path(folder), report, {}

    def path(self, kind, digest):
        return self.folder / "records" / kind / f"{digest}.jsonl.gz"

    def npz(self, kind, digest, seed):
        return self.folder / "records" / kind / f"{digest}-{seed}.npz"

    def seeds(self, kind, digest):
        """Seed -> checked record of one recipe; damaged lines are reported and left out."""
        if self.folder is None:
            return {}
        if (kind, digest) not in self.read:
            self.read[kind, digest] = self._seeds(kind, digest)
        return self.read[kind, digest]

    def digests(self, kind):
        """The digests of all recipes of one kind that have published runs."""
        if self.folder is None:
            return []
        return sorted(path.name.split(".")[0] for path in (self.folder / "records" / kind).glob("*.jsonl.gz"))

    def get(self, kind, digest, seed):
        """The StoredRun, or None if it is missing or damaged."""
        content = self.seeds(kind, digest).get(seed)
        if content is None:
            return None
        try:
            npz = records.check_arrays(content, self.npz(kind, digest, seed))
        except records.DamagedRecord as problem:
            self.report(kind, digest, seed, problem, "is ignored")
            return None
        return records.stored(content, npz, published=True)

    def _seeds(self, kind, digest):
        try:
            with open(self.path(kind, digest), "rb") as stream:
                packed = stream.read()
        except OSError:
            return {}
        found = {}
        for line in self._lines(packed, kind, digest):
            try:
                content = records.parse(line)
            except records.DamagedRecord as problem:
                self.report(kind, digest, None, problem, "is ignored")
                continue
            found[content["seed"]] = content
        return found

    def _lines(self, packed, kind, digest):
        lines = []
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(packed)) as stream:
                lines.extend(stream)
        except (OSError, EOFError, ValueError, zlib.error):  # lines before the damage still carry their checksum
            self.report(kind, digest, None, "the file is incomplete", "is ignored where it cannot be read")
        return lines


def pack_lines(contents):
    """The same bytes for the same records, whoever writes them and when."""
    text = b"".join(records.line(content) for content in sorted(contents, key=lambda content: content["seed"]))
    return gzip.compress(text, compresslevel=9, mtime=0)


def check_sizes(folder, files):
    """ValueError if a file, or everything together with what is there already, is larger than this project ships."""
    for path, content in files:
        if len(content) > FILE_LIMIT:
            raise ValueError(f"publish: {path.name} would be {len(content) / 2**20:.1f} MiB; "
                             "a published file may have 2 MiB; set publish = False on that recipe")
    written = {path: len(content) for path, content in files}
    there = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path not in written)
    total = there + sum(written.values())
    if total > TOTAL_LIMIT:
        raise ValueError(f"publish: {folder.name} would be {total / 2**20:.1f} MiB; it may have 30 MiB in all; "
                         "nothing was written")
