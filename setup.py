"""The compiled parts of the installation; everything else about it stands in pyproject.toml."""

from glob import glob

from setuptools import Extension, setup

# Where sources lie, and how much work of the compiler they are worth: vector code wants the third level.
COMPILED = {
    "corpus/decontamination/native": "-O2",
    "corpus/dedup/native": "-O3",
    "corpus/extraction/blocks/native": "-O2",
    "corpus/rules/native": "-O2",
}
# The words of the rules are those of near duplicates.
SHARED = {"corpus/dedup/native": ["corpus/rules/native/characters.cpp", "corpus/rules/native/words.cpp"]}

setup(
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
    ]
)
