"""The command `prunebook`; its modules import what they need only when a command runs, so that it starts at once."""

import sys

from prunebook.cli.parser import parser


def main(arguments=None):
    """Run one command; returns the exit code. What went wrong is said in a sentence on standard error."""
    options = parser().parse_args(arguments)
    try:
        return options.command(options) or 0
    except KeyboardInterrupt:
        print("prunebook: stopped; every finished run is stored, the same command goes on", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader of a pipe, such as `head`, has had enough
        return 0
    except Exception as error:
        if not expected(error):
            raise
        print(f"prunebook: {error}", file=sys.stderr)
        return 1


def expected(error):
    """Whether the error is about what was asked for, or about this machine, and not a defect of the program."""
    from prunebook.page.build import BuildError
    from prunebook.runs.errors import RunError

    return isinstance(error, (BuildError, RunError, ValueError, OSError))
