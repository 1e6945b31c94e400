"""Progress that a kernel writes to the pipe appears in the terminal, and the pipe never blocks."""

import io
import os

from prunebook.cli import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_lines_reach_a_plain_stream(monkeypatch):
    monkeypatch.delenv(progress.NAME, raising=False)
    stream = io.StringIO()
    with progress.shown(stream):
        for line in ("1 of 2\n", "2 of 2, ünïcode\n"):
            with open(os.environ[progress.NAME], "a", encoding="utf-8") as pipe:
                pipe.write(line)
    assert stream.getvalue() == "1 of 2\n2 of 2, ünïcode\n"
    assert progress.NAME not in os.environ


def test_a_terminal_shows_the_last_line_only():
    stream = Terminal()
    with progress.shown(stream), open(os.environ[progress.NAME], "a", encoding="utf-8") as pipe:
        pipe.write("1 of 2\n2 of 2\n")
    assert stream.getvalue() == f"{progress.CLEAR}1 of 2{progress.CLEAR}2 of 2{progress.CLEAR}"


def test_nothing_written_is_fine():
    stream = io.StringIO()
    with progress.shown(stream):
        pass
    assert stream.getvalue() == ""
