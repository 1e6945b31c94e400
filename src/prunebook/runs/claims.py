"""Claims on runs in progress, so that two processes on one store share the work instead of repeating it."""

import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # where files cannot be locked, two processes may both do a run; nothing else is lost
    fcntl = None


class Claims:
    """Locks in `folder`, one a run; the system lets go of them when the process ends, however it ends."""

    def __init__(self, folder):
        self.folder, self.held = Path(folder), {}

    def take(self, name):
        """Whether this process now holds `name`; False while another does."""
        if fcntl is None or name in self.held:
            return True
        path = self.folder / name
        while True:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            except OSError:  # a claim saves work; whether results can be stored is for the store to say
                return True
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return False
            except OSError:  # a file system without locks
                os.close(descriptor)
                return True
            if _still_there(path, descriptor):
                self.held[name] = descriptor
                return True
            os.close(descriptor)  # its last holder removed the file between our opening and locking it

    def release(self, names):
        """Let go of what is held of `names`."""
        for name in names:
            descriptor = self.held.pop(name, None)
            if descriptor is not None:
                (self.folder / name).unlink(missing_ok=True)
                os.close(descriptor)


def _still_there(path, descriptor):
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return False
    return (found.st_dev, found.st_ino) == (os.fstat(descriptor).st_dev, os.fstat(descriptor).st_ino)
