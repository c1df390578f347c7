"""The parts of an installation that are made here: the compiled ones, and the language model that is fetched.

Everything else about it stands in pyproject.toml.
"""

import subprocess
import sys
from glob import glob
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).parent))

from corpus.rules.language_model import fetch_model

# Where sources lie, and how much work of the compiler they are worth: vector code wants the third level.
COMPILED = {
    "corpus/decontamination/native": "-O2",
    "corpus/dedup/native": "-O3",
    "corpus/extraction/blocks/native": "-O2",
    "corpus/rules/native": "-O2",
}
# The words of the rules are those of near duplicates.
SHARED = {"corpus/dedup/native": ["corpus/rules/native/characters.cpp", "corpus/rules/native/words.cpp"]}


class BuildWithModel(build_py):
    """Puts the language model beside the module that reads it; without a network a build is told to fetch it later."""

    def run(self) -> None:
        """Fetch, then do what every build does."""
        try:
            fetch_model(Path("corpus/rules"))
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"no language model ({error}); `python -m corpus.rules.language` fetches it", file=sys.stderr)
        super().run()


setup(
    cmdclass={"build_py": BuildWithModel},
    ext_modules=[
        Extension(
            f"{folder.replace('/', '.')}._native",
            sorted(glob(f"{folder}/*.cpp")) + SHARED.get(folder, []),
            depends=sorted(glob("corpus/**/native/*.h", recursive=True)),
            language="c++",
            # Without contraction a*b+c is rounded twice on every machine, so that the same page gives the same text.
            extra_compile_args=["-std=c++17", level, "-ffp-contract=off", "-fvisibility=hidden"],
        )
        for folder, level in COMPILED.items()
    ],
)
