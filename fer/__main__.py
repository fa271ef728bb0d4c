"""`python -m fer`: which commands there are."""

from __future__ import annotations

import sys

COMMANDS = {
    "train": "train a network: one run, all folds of it, or with -m a sweep",
    "evaluate": "a run's test again, or its model on other faces",
    "compare": "finished runs side by side",
    "audit": "what is in a data set: counts, copies, leaks, doubtful labels",
    "predict": "faces and their expressions in pictures and videos",
    "realtime": "the same, live in a window",
    "serve": "the same as a web page and an HTTP API, on this machine",
    "export": "a run's model as one file, checked against the run",
}


def main() -> int:
    """Prints a line for each command; exit status 0 where nothing else was asked for, else 2."""
    given = sys.argv[1:]
    wanted = next((word for word in given if word in COMMANDS), None)
    if wanted is not None:
        print(f"error: a command is its own module: python -m fer.{wanted}", file=sys.stderr)
        return 2
    asked = not given or given in (["--help"], ["-h"], ["help"])
    print("python -m fer.<command> --help lists the settings of each:\n")
    print("\n".join(f"  fer.{name:<10}{what}" for name, what in COMMANDS.items()))
    if not asked:
        print(f"\nerror: there is no command {' '.join(given)}", file=sys.stderr)
    return 0 if asked else 2


if __name__ == "__main__":
    sys.exit(main())
