"""The configuration of a run: a preset, over it a TOML file, over that `key=value`; every key typed and named.

A configuration is data, never code: it is compared when a run goes on, written beside its results, and read by people.
A key that does not exist is refused with the nearest one that does, a value is parsed by the type of its key, and whole
numbers may be written as people say them: 524_288, 375M, 300B, 5e5 (suffixes are powers of ten). The size of the
vocabulary is no key: it is that of the shards.

Recipes are published for hundreds of billions of tokens. A run that is shorter than its recipe keeps the recipe's
rates and has its lengths fitted: warm-up to a tenth, ramp to a quarter, decay to the end, unless the keys are given.
"""

import json
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from corpus.json_types import JsonObject
from trainer.model.presets import PRESETS
from trainer.model.shape import Shape
from trainer.optim.schedule import KINDS
from trainer.run.shape_keys import describe_shape
from trainer.run.values import ConfigError, check_range, near, show_value, value_of

# May be others when a run goes on. `weights` begins a new segment of the order, `steps` and `tokens` move the end, and
# a run that diverged continues with a lower rate.
MAY_CHANGE = frozenset(
    "steps tokens minutes weights rate matrix_rate clip device threads dtype compile recompute attention parallel "
    "micro_batch validate_every validate_tokens save_every keep_last keep_every log_every tensorboard init_from wandb "
    "samples sample_prompt score_tasks score_items spike".split()
)
OBJECTIVES = ("next", "masked", "spans", "blanks")
_LENGTHS = ("warmup_tokens", "ramp_from_tokens", "ramp_over_tokens", "decay_tokens")


def _key(default: Any, text: str, *choices: str) -> Any:
    return field(default=default, metadata={"help": text, "choices": choices})


@dataclass(frozen=True)
class RunConfig:
    """Every key of a run but those of its shape, which stand in `shape` and are set by their own names.

    `given` names the keys that were set by file or command line; it is no key, and what is not given may be fitted.
    """

    preset: str = ""
    shape: Shape = field(default_factory=lambda: Shape(layers=2, heads=2, width=64))
    given: tuple[str, ...] = field(default=(), compare=False)

    steps: int = _key(0, "optimizer steps of the whole run (0: as many as `tokens` take)")
    tokens: int = _key(0, "tokens of the whole run, where steps is 0")
    batch_tokens: int = _key(524_288, "tokens of a step, over all processes and micro-batches")
    micro_batch: int = _key(0, "rows of one forward pass (0: as memory allows)")
    ramp_from_tokens: int = _key(0, "tokens of the first step, where the batch grows (0: it does not)")
    ramp_over_tokens: int = _key(0, "tokens over which the batch grows to batch_tokens")
    minutes: float = _key(0.0, "save and end after so many minutes, to go on later (0: no limit)")

    optimizer: str = _key("adamw", "how a step is taken", "adamw", "muon", "gpt1-adam")
    rate: float = _key(6e-4, "peak learning rate")
    matrix_rate: float = _key(0.02, "peak learning rate of Muon's matrices")
    beta1: float = _key(0.9, "decay of the first moment")
    beta2: float = _key(0.95, "decay of the second moment")
    epsilon: float = _key(1e-8, "added to the root of the second moment")
    weight_decay: float = _key(0.1, "decoupled decay of matrices; gpt1-adam: its modified L2")
    vector_l2: bool = _key(False, "gpt1-adam: decay gains and biases too")
    clip: float = _key(1.0, "greatest norm of the gradient (0: not clipped)")

    momentum: float = _key(0.95, "of Muon")

    schedule: str = _key("cosine", "course of the rate", *KINDS)
    warmup_tokens: int = _key(0, "tokens over which the rate rises from 0")
    decay_tokens: int = _key(0, "tokens over which the rate falls (0: to the end of the run)")
    final_share: float = _key(0.1, "share of the peak at which the rate ends")
    cooldown: float = _key(0.2, "warmup-stable-decay: share of decay_tokens in which the rate falls")

    objective: str = _key(
        "next", "what is predicted: the next token, BERT's masks, T5's spans, GLM's blanks", *OBJECTIVES
    )
    mask_share: float = _key(0.15, "share of the tokens that masks, spans and short blanks hide")
    mean_span: float = _key(3.0, "mean length of spans and short blanks, in tokens")
    blank_shares: str = _key("0.5,0,0.5", "of blanks that are short spans, sentences, and one long span")
    marks: str = _key("added", "masks and sentinels: ids behind the tokenizer's, or its own", "added", "tokenizer")

    init_from: str = _key("", "begin with the weights of this run (of more layers: every k-th)")
    teacher: str = _key("", "distil: the run whose distribution is learned")
    distil_soft: float = _key(0.0, "distil: share of the divergence from the teacher")
    distil_cosine: float = _key(0.0, "distil: share of the angle between last states; the true tokens have the rest")
    distil_temperature: float = _key(2.0, "distil: by what both distributions are softened")

    spike: float = _key(
        0.0,
        "go back to the last checkpoint and past its batches, where the loss jumps by so many "
        "deviations of the last 20 (0: never)",
    )

    seed: int = _key(0, "of weights, order and dropout")
    weights: str = _key("", "weights of the sources, name:weight,… (empty: the manifest's); may change in mid-run")
    document_mask: bool = _key(False, "a token sees its own document only")
    packing: str = _key("concatenate", "documents into rows: concatenate, or a file of python -m trainer.data.packing")

    device: str = _key("auto", "auto | cpu | cuda | cuda:N")
    dtype: str = _key("auto", "of the products; masters are float32", "auto", "float32", "bfloat16")
    threads: int = _key(0, "threads of a product on a CPU (0: one for small models, else all cores)")
    recompute: bool = _key(False, "compute activations again in the backward pass: far less memory, a third more work")
    compile: str = _key("auto", "torch.compile (auto: on CUDA)", "auto", "true", "false")
    attention: str = _key("auto", "back end of attention", "auto", "sdpa", "flex", "dense")
    parallel: str = _key("auto", "several processes: replicas, or sharded", "auto", "ddp", "fsdp")

    validate_every: int = _key(250, "steps between validations; there is one at the end too (0: none at all)")
    validate_tokens: int = _key(1_048_576, "most validation tokens a source")
    save_every: int = _key(250, "steps between checkpoints; there is one at the end too")
    keep_last: int = _key(2, "newest checkpoints to keep")
    keep_every: int = _key(0, "keep every checkpoint whose step is a multiple of this too (0: none)")
    log_every: int = _key(10, "steps between readings from the device, on CUDA")
    tensorboard: bool = _key(False, "write events for TensorBoard too")
    wandb: str = _key("", "send the metrics to this project of Weights & Biases too")
    samples: int = _key(0, "samples of text at every checkpoint (samples.jsonl)")
    sample_prompt: str = _key("", "what they begin with")
    score_tasks: str = _key("", "tasks to score at every checkpoint, NAME=FILE,… (scores.jsonl)")
    score_items: int = _key(200, "items of each task, from the first (0: all)")

    def __post_init__(self) -> None:
        length = self.shape.sequence_length
        for name in ("batch_tokens", "ramp_from_tokens"):
            if (value := getattr(self, name)) % length:
                near = max(length, round(value / length) * length)
                raise ConfigError(f"{name}={value} is no whole number of rows of {length} tokens; write {name}={near}")
        for part, names in ((self, RUN_KEYS), (self.shape, SHAPE_KEYS)):
            for name in names:
                check_range(name, getattr(part, name))
        if not self.batch_tokens:
            raise ConfigError(f"batch_tokens=0: a step needs tokens; write batch_tokens={8 * length}")
        if self.ramp_from_tokens > self.batch_tokens:
            raise ConfigError(f"ramp_from_tokens={self.ramp_from_tokens} is more than batch_tokens={self.batch_tokens}")

    def to_json(self) -> JsonObject:
        """Every key with its value, flat, and beside them `preset` and `given`."""
        values = {name: getattr(self, name) for name in RUN_KEYS}
        shape = {name: getattr(self.shape, name) for name in SHAPE_KEYS}
        return {"preset": self.preset, "given": list(self.given), **shape, **values}

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> "RunConfig":
        """The inverse of `to_json`."""
        shape = Shape(**{name: values[name] for name in SHAPE_KEYS if name in values})
        own = {name: values[name] for name in RUN_KEYS if name in values}
        return RunConfig(preset=values["preset"], shape=shape, given=tuple(values["given"]), **own)


SHAPE_KEYS = tuple(each.name for each in fields(Shape) if each.name != "vocab_size")
RUN_KEYS = tuple(each.name for each in fields(RunConfig) if "help" in each.metadata)


def read_config(preset: str, file: Path | None, assignments: Sequence[str]) -> RunConfig:
    """The configuration of a command line; `ConfigError` names the key that is wrong."""
    from_file = _from_file(file) if file else {}
    preset = preset or str(from_file.pop("preset", ""))
    from_file.pop("preset", None)
    if preset and preset not in PRESETS:
        raise ConfigError(f"preset {preset!r} is not known{near(preset, PRESETS)}; there is {', '.join(PRESETS)}")
    given = from_file | dict(_split(text) for text in assignments)
    values = {name: parse_value(name, value) for name, value in given.items()}
    if not preset and not {"layers", "heads", "width"} <= values.keys():
        raise ConfigError("no --preset, so the shape must be given: layers=… heads=… width=… at least")
    base = PRESETS[preset].shape if preset else Shape(values["layers"], values["heads"], values["width"])
    recipe = {name: parse_value(name, value) for name, value in PRESETS[preset].recipe.items()} if preset else {}
    # BERT's 1,000,000 steps would win over tokens=1B on the command line: `steps` goes before `tokens`.
    if "tokens" in values:
        recipe.pop("steps", None)
    try:
        own = {name: values[name] for name in SHAPE_KEYS if name in values}
        # A placeholder, whatever the preset's is: `with_marks` sets that of the shards.
        shape = replace(base, vocab_size=Shape.vocab_size, **own)
        merged = recipe | {name: values[name] for name in RUN_KEYS if name in values}
        fitted = _fit(merged, values.keys(), shape)
        return RunConfig(preset=preset, shape=shape, given=tuple(sorted(values)), **fitted)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def parse_value(name: str, value: Any) -> Any:
    """The value of a key by the key's type; `value` is text, or what TOML made of it."""
    default = _DEFAULTS.get(name)
    if default is None:
        raise ConfigError(f"there is no key {name!r}{near(name, _DEFAULTS)}; --help lists the keys")
    return value_of(name, str(value).strip(), default, _CHOICES.get(name, ()))


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What forbids going on: `key was old, is now new` for every key that a run must keep (see `MAY_CHANGE`).

    A key that an old run does not know had its default.
    """
    # Every key but those: a new key is compared unless somebody says that it may change.
    names = [name for name in (*SHAPE_KEYS, *RUN_KEYS) if name not in MAY_CHANGE]
    was = {name: old.get(name, _DEFAULTS[name]) for name in names}
    return [f"{name} was {was[name]}, is now {new[name]}" for name in names if was[name] != new[name]]


def describe_keys() -> str:
    """The list of keys for `--help`: name, default, one line."""
    presets = "\n".join(f"  {name:<18}{preset.cites}" for name, preset in PRESETS.items())
    lines = ["presets (shape and recipe; every key can be overridden):", presets, "", "keys of a run (key=value):"]
    lines += [
        f"  {each.name + '=' + show_value(each.default):<28}{each.metadata['help']}"
        + (f": {', '.join(each.metadata['choices'])}" if each.metadata["choices"] else "")
        for each in fields(RunConfig)
        if "help" in each.metadata
    ]
    lines += ["", "keys of the shape:"]
    lines += [f"  {name:<28}{describe_shape(name)}" for name in SHAPE_KEYS]
    return "\n".join(lines)


def kept_lengths(config: RunConfig, old: Mapping[str, Any]) -> RunConfig:
    """The configuration of a run that goes on: lengths that were fitted to the old end and are not given stay.

    So `steps` can be raised without moving the warm-up; only a decay that ends with the run moves with it.
    """
    return replace(config, **{name: old[name] for name in _LENGTHS if name not in config.given})


def _fit(values: dict[str, Any], given: Collection[str], shape: Shape) -> dict[str, Any]:
    """A recipe's lengths, made short enough for the run; what is given by name is left alone."""
    batch = values.get("batch_tokens", _DEFAULTS["batch_tokens"])
    # gpt2-124m for 600 steps of 524,288: 314.6M tokens, so its warm-up of 375M becomes 31.5M.
    budget = values.get("steps", 0) * batch or values.get("tokens", 0)
    most = {
        "warmup_tokens": budget // 10,
        "ramp_over_tokens": budget // 4,
        "ramp_from_tokens": batch // shape.sequence_length * shape.sequence_length,
    }
    changed = {name: limit for name, limit in most.items() if values.get(name, 0) > limit and name not in given}
    if values.get("decay_tokens", 0) > budget and "decay_tokens" not in given:
        changed["decay_tokens"] = 0
    return values | changed if budget else values


def _from_file(path: Path) -> dict[str, Any]:
    """The keys of a TOML file, or those that were given to a run, by the config.json that it wrote."""
    if path.suffix != ".json":
        return _from_toml(path)
    try:
        config = json.loads(path.read_bytes())["config"]
        # Only what was given: lengths that were fitted to that run are fitted again to this one.
        return {"preset": config["preset"]} | {name: config[name] for name in config["given"]}
    except OSError as error:
        raise ConfigError(f"--config {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"--config {path}: not the config.json of a run ({error}); give a TOML file of keys"
        ) from error


def _from_toml(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"--config {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"--config {path}: {error}") from error
    if nested := [name for name, value in values.items() if isinstance(value, dict | list)]:
        raise ConfigError(f"--config {path}: {nested[0]!r} is a table or a list; keys stand alone: key = value")
    return values


def _split(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise ConfigError(f"{text!r} is no key=value")
    return name.strip().replace("-", "_"), value


_CHOICES = {each.name: each.metadata.get("choices", ()) for each in fields(RunConfig)}
_DEFAULTS: dict[str, Any] = {each.name: each.default for each in fields(RunConfig) if "help" in each.metadata} | {
    name: getattr(Shape(layers=1, heads=1, width=1), name) for name in SHAPE_KEYS
}
