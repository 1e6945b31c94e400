"""What `prunebook` understands."""

import argparse
import functools
import importlib

from prunebook.cli import values


def parser():
    """The parser of all commands; each sets `command`, a function of the parsed options."""
    top = argparse.ArgumentParser(prog="prunebook", description="Run, plan and build the pages of this book.")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    _add(commands, "list", "every item of every paper, and whether it has a page")

    status = _add(commands, "status", "how far every item is: level, runs, verdicts")
    status.add_argument("--json", action="store_true", help="a list of records instead of a table")

    plan = _add(commands, "plan", "what is there, what would run and for how long")
    plan.add_argument("item", metavar="ITEM", help='such as norms/fig2, or "all"')
    _page_options(plan)

    run = _add(commands, "run", "run one page with papermill")
    run.add_argument("item", metavar="ITEM", help="such as norms/fig2")
    _page_options(run)
    run.add_argument("--deadline", type=values.duration, metavar="TIME", help="stop before this long, such as 9m or 2h")
    _data(run)

    _add(commands, "build", "run every page there is and build the book")

    publish = _add(commands, "publish", "copy the runs of a page to data/published")
    publish.add_argument("item", metavar="ITEM", help="such as norms/fig2")
    _page_options(publish)

    scores = _add(commands, "scores", "write a score of every training example to a file")
    scores.add_argument("name", metavar="NAME", help="el2n, grand, forgetting, label_free_1 to 3 or input_norm")
    scores.add_argument("--dataset", required=True, metavar="NAME", help="such as cifar10")
    scores.add_argument("--scale", help="smoke, small or paper, computed where missing (default: the largest stored)")
    scores.add_argument("--epoch", type=int, help="the paper's epoch: 0, 10, 20 or 200 (default: the paper's choice)")
    scores.add_argument("--networks", type=int, default=0, help="how many are averaged (default: all of the scale)")
    scores.add_argument("--model", default="", help="the network that scores (default: that of the scale)")
    scores.add_argument("--out", metavar="FILE", help="a .npy file; FILE.json beside it says what it stands on")
    _data(scores)
    _places(scores)

    verify = _add(commands, "verify", "make stored runs again with today's code and compare")
    verify.add_argument("kind", metavar="KIND", help="a kind of recipe, such as SubsetAccuracy")
    verify.add_argument("--runs", type=int, metavar="N",
                        help="about how many, cheapest first (default: until every value of every field was met)")
    _places(verify)
    return top


def _add(commands, name, text):
    command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    command.set_defaults(command=functools.partial(_call, name))
    return command


def _call(name, options):
    """Import a command's module, not before it is asked for."""
    return importlib.import_module(f"prunebook.cli.{name}").command(options)


def _page_options(command):
    command.add_argument(
        "-p", "--parameter", dest="parameters", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"),
        help="a parameter of the page; may be given again",
    )  # fmt: skip
    command.add_argument("--scale", help="auto, smoke, small or paper")
    _places(command)


def _data(command):
    command.add_argument("--data", metavar="ROOT", help="folder of the data sets (default: PRUNEBOOK_DATA)")
    command.add_argument("--download", action="store_true", help="fetch a data set that is missing there")


def _places(command):
    command.add_argument("--device", help="auto, cpu or cuda")
    command.add_argument("--store", metavar="DIR", help="folder of results (default: PRUNEBOOK_STORE or .store)")
