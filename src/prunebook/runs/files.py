"""Files that are written whole or not at all."""

import contextlib
import errno
import os
import secrets
from pathlib import Path


class StoreError(OSError):
    """The store cannot be written; the message says what was lost, the cause is the system's own error."""


REASONS = {
    errno.ENOSPC: "no space is left on the device",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "there is no permission to write",
    errno.EPERM: "there is no permission to write",
    errno.EROFS: "it is on a read-only file system",
}


def reason(error):
    """An OSError in words."""
    return REASONS.get(error.errno, error.strerror or str(error))


def write_whole(files):
    """Write `[(path, bytes)]`: all under temporary names and flushed, then renamed in the order given."""
    partial = []
    try:
        for path, content in files:
            path = Path(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.partial")
            partial.append((temporary, path))
            with open(temporary, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        for temporary, path in partial:
            os.replace(temporary, path)
    except BaseException:  # an interrupt too must not leave halves behind
        for temporary, _ in partial:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise
    for folder in {path.parent for _, path in partial}:
        _flush_folder(folder)


def _flush_folder(folder):
    """Make the renames themselves survive a power cut, where the file system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    with contextlib.suppress(OSError):
        os.fsync(descriptor)
    os.close(descriptor)
