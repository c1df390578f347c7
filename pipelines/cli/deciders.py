"""The flags of what decides on judged documents: the same for every source. `pipelines.builds.deciders` reads them.

A decider adds its flag here, in the order in which deciders stand, and its maker there. Imports nothing heavy.
"""

import argparse


def add_decider_flags(flags: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Flags of all four builders of corpora."""
