"""The compiled parts of the installation; everything else about it stands in pyproject.toml."""

from glob import glob

from setuptools import Extension, setup


def library(package: str, optimisation: str) -> Extension:
    """The library of the sources in a package, which ctypes loads."""
    folder = package.replace(".", "/")
    return Extension(
        f"{package}._native",
        sorted(glob(f"{folder}/*.cpp")),
        depends=sorted(glob(f"{folder}/*.h")),
        language="c++",
        # Without contraction a*b+c is rounded twice on every machine, so that the same page gives the same text.
        extra_compile_args=["-std=c++17", optimisation, "-ffp-contract=off", "-fvisibility=hidden"],
    )


setup(
    ext_modules=[
        library("corpus.extraction.blocks.native", "-O2"),
        library("corpus.dedup.native", "-O3"),
    ]
)
