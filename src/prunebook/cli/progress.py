"""Live progress in the terminal: the page's kernel writes lines to a pipe, this process prints the last one."""

import contextlib
import os
import sys
import tempfile
import threading
from pathlib import Path

NAME = "PRUNEBOOK_PROGRESS"
CLEAR = "\r\x1b[K"


@contextlib.contextmanager
def shown(stream=None):
    """While this is open, whatever is written to the pipe that PRUNEBOOK_PROGRESS names appears in `stream`."""
    stream = stream or sys.stderr
    with tempfile.TemporaryDirectory(prefix="prunebook-") as folder:
        pipe = Path(folder) / "progress"
        os.mkfifo(pipe)
        keep_open = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)  # a writer of our own: no reader waits for ever
        os.environ[NAME] = str(pipe)
        reader = threading.Thread(target=_follow, args=(keep_open, stream), daemon=True)
        reader.start()
        try:
            yield
        finally:
            del os.environ[NAME]
            os.write(keep_open, END)
            reader.join()
            os.close(keep_open)
            if stream.isatty():
                stream.write(CLEAR)


END = b"\x04\n"


def _follow(descriptor, stream):
    import select

    pending = b""
    while True:
        select.select([descriptor], [], [])
        pending += os.read(descriptor, 65536)
        *lines, pending = pending.split(b"\n")
        for line in lines:
            if line == END.strip(b"\n"):
                return
            text = line.decode("utf-8", "replace")
            stream.write(f"{CLEAR}{text}" if stream.isatty() else f"{text}\n")
            stream.flush()
