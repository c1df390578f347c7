"""Resuming a run: what must be equal, and the order of its samples when it continues.

A checkpoint names its configuration, its tokenizer and a digest of the tokens of every source. They are compared by
name, so the error says what differs and not only that something does. The weights of the sources may be others: then
the order continues with a new segment, in which no sample is repeated and none is lost.
"""

import hashlib
from dataclasses import asdict, replace
from pathlib import Path

from corpus.mixture import Mixture, MixtureError, Source, fit_table
from corpus.numerals import whole_number
from corpus.shards.layout import TRAIN, ShardManifest, TokenizerEntry
from trainer.data.order import SampleOrder
from trainer.data.packing import PackingPlan
from trainer.model.shape import Shape
from trainer.run.config import ConfigError, RunConfig, differences
from trainer.run.saved import RunState


def content_of(manifest: ShardManifest) -> dict[str, str]:
    """A digest of the tokens of each source and split. Unlike the fingerprint it does not depend on the weights."""
    return {
        f"{source.name} {source.split}": hashlib.sha256(
            " ".join(shard.digest for shard in source.shards).encode()
        ).hexdigest()
        for source in manifest.sources
    }


def mixture_of(config: RunConfig, manifest: ShardManifest) -> Mixture:
    """The sources and weights of `weights=`, else of the manifest; large ones (token counts) rounded, as at a build."""
    there = {source.name: source.weight for source in manifest.sources if source.split == TRAIN}
    if not config.weights:
        return fit_table(Mixture(tuple(Source(name, weight) for name, weight in there.items())))
    wanted = []
    for part in config.weights.split(","):
        name, colon, weight = part.strip().rpartition(":")
        number = whole_number(weight)
        if not colon or number is None:
            raise ConfigError(f"weights={config.weights}: {part!r} is no name:weight with a whole weight")
        if name not in there:
            raise ConfigError(f"weights={config.weights}: no source {name!r}; the shards have {', '.join(there)}")
        wanted.append(Source(name, number))
    try:
        return fit_table(Mixture(tuple(wanted)))
    except MixtureError as error:
        raise ConfigError(f"weights={config.weights}: {error}") from error


def tokens_of(manifest: ShardManifest) -> dict[str, int]:
    """Training tokens by source."""
    return {source.name: source.n_tokens for source in manifest.sources if source.split == TRAIN}


def order_for(config: RunConfig, manifest: ShardManifest, packing: PackingPlan | None = None) -> SampleOrder:
    """The order of a run that begins."""
    mixture, length = mixture_of(config, manifest), config.shape.sequence_length
    return SampleOrder(mixture, tokens_of(manifest), length, config.seed, planned=packing.planned if packing else None)


def order_again(config: RunConfig, manifest: ShardManifest, state: RunState) -> SampleOrder:
    """The order of a run that goes on: as it was, and where the weights are others now, a new segment of it."""
    order = replace(SampleOrder.from_json(state["order"]), n_tokens=tokens_of(manifest))
    mixture = mixture_of(config, manifest)
    current = order.segments[-1].mixture if order.segments else order.mixture
    # From the sample after the checkpoint on: what was trained since then by a killed process is taken again.
    return order if mixture == current else order.with_weights(state["samples_seen"], mixture)


def check_same(config: RunConfig, manifest: ShardManifest, state: RunState, output: Path) -> None:
    """Refuse to continue with another configuration or over other shards; `ConfigError` names every difference."""
    found = differences(state["config"], config.to_json())
    old, new = state["tokenizer"], asdict(manifest.tokenizer)
    if old != new:
        found.append(
            f"the tokenizer was {old['name']} ({old['digest'][:16]}), is now {new['name']} ({new['digest'][:16]})"
        )
    content = content_of(manifest)
    # Names of all sources that any segment has had; shards of others may change, they are not of this run.
    used = {segment[0] for each in state["order"]["segments"] for segment in each["weights"]}
    for name, digest in state["content"].items():
        if name.rpartition(" ")[0] in used and content.get(name) != digest:
            found.append(f"the shards of {name} " + ("are not those of the run" if name in content else "are gone"))
    if found:
        raise ConfigError(
            f"{output} is a run of its own: {'; '.join(found)}. Give another --output (and --init-from {output} to "
            "begin with its weights), or the old values to go on"
        )


def shape_over(shape: Shape, entry: TokenizerEntry, state: RunState | None, output: Path) -> Shape:
    """The shape of a run over shards of this tokenizer: as given, or with as many ids as the weights it begins with.

    Imported weights may have more rows than their tokenizer has ids; the rows stay, so that nothing is lost when the
    model goes back to where it came from. `ConfigError` where the weights are of another shape or another tokenizer.
    """
    if state is None or "shape" not in state:
        return shape
    rows = state["shape"].get("vocab_size", 0)
    if isinstance(rows, int) and rows > shape.vocab_size:
        shape = replace(shape, vocab_size=rows)
    if "order" in state:
        return shape  # `check_same` compares all the rest
    old, new = Shape.from_json(state["shape"]).to_json(), shape.to_json()
    found = [f"{name} was {old.get(name)}, is now {new[name]}" for name in new if old.get(name) != new[name]]
    theirs = state.get("tokenizer", {}).get("digest")
    if theirs and theirs != entry.digest:
        found.append(f"its tokenizer was {theirs[:16]}, that of the shards is {entry.digest[:16]}")
    if found:
        raise ConfigError(f"{output} holds imported weights that do not fit: {'; '.join(found)}")
    return shape
