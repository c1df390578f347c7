"""Commands begin here, so what would break every one of them is said here: an old Python, a hidden package."""

import importlib.util
import sys

if sys.version_info < (3, 11):  # noqa: UP036 (an old Python never reads what the distribution requires)
    print(f"error: corpusloom needs Python 3.11 or newer, this is {sys.version.split()[0]}", file=sys.stderr)
    raise SystemExit(2)
_found = importlib.util.find_spec("corpus")
# A package has a list of folders to search; a file `corpus.py`
# in the current folder, which comes first on sys.path, has none.
if _found is not None and _found.submodule_search_locations is None:
    print(f"error: {_found.origin} hides the package `corpus`; rename it or change the folder", file=sys.stderr)
    raise SystemExit(2)
