"""Every benchmark in one table: `python -m tests.benchmarks [WORD …]` runs those whose file name holds a word."""

import importlib.util
import sys
from pathlib import Path


def modules(words):
    """The bench_*.py beside this file whose names hold one of `words` (all of them without words)."""
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        if not words or any(word in path.stem for word in words):
            spec = importlib.util.spec_from_file_location(path.stem, path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            yield module


def main(words):
    """Print a row for each ratio as it comes; returns 1 if nothing was found to run."""
    rows = []
    print(f"{'':6} {'ratio':>8} {'goal':>6}  what", flush=True)
    for module in modules(words):
        for row in module.ratios():
            rows.append(row)
            mark = "ok" if row["ratio"] >= row["goal"] else "below"
            print(f"{mark:6} {row['ratio']:8.2f} {row['goal']:6g}  {row['name']} ({row['detail']})", flush=True)
    below = sum(row["ratio"] < row["goal"] for row in rows)
    print(f"{len(rows)} ratios, {below} below their goal")
    return 0 if rows else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
