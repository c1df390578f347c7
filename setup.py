"""The compiled parts of the installation; everything else about it stands in pyproject.toml."""

from glob import glob

from setuptools import Extension, setup

# Where sources lie, and how much work of the compiler they are worth: vector code wants the third level.
COMPILED = {
    "corpus/decontamination/native": "-O2",
    "corpus/dedup/native": "-O3",
    "corpus/extraction/blocks/native": "-O2",
}

setup(
    ext_modules=[
        Extension(
            f"{folder.replace('/', '.')}._native",
            sorted(glob(f"{folder}/*.cpp")),
            depends=sorted(glob(f"{folder}/*.h")),
            language="c++",
            # Without contraction a*b+c is rounded twice on every machine, so that the same page gives the same text.
            extra_compile_args=["-std=c++17", level, "-ffp-contract=off", "-fvisibility=hidden"],
        )
        for folder, level in COMPILED.items()
    ]
)
