"""The compiled parts of the installation; everything else about it stands in pyproject.toml."""

from glob import glob

from setuptools import Extension, setup

COMPILED = ("corpus/decontamination/native", "corpus/extraction/blocks/native")

setup(
    ext_modules=[
        Extension(
            f"{folder.replace('/', '.')}._native",
            sorted(glob(f"{folder}/*.cpp")),
            depends=sorted(glob(f"{folder}/*.h")),
            language="c++",
            # Without contraction a*b+c is rounded twice on every machine, so that the same page gives the same text.
            extra_compile_args=["-std=c++17", "-O2", "-ffp-contract=off", "-fvisibility=hidden"],
        )
        for folder in COMPILED
    ]
)
