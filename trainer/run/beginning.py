"""The beginning of a run beside its shards: the weights of another run, and the teacher that it learns from."""

from pathlib import Path

from torch import Tensor

from trainer.model.shape import Shape
from trainer.objectives.distil import Lesson, check_teacher, layers_of
from trainer.run.config import ConfigError, RunConfig
from trainer.run.runs import RunError, TrainedRun, open_run
from trainer.run.saved import DamagedError, UnreadableError

# What may differ between a run and the one it begins with: what no weight knows of.
_FREE = ("layers", "dropout", "band", "pattern", "soft_cap", "zero_init", "position_std")


def first_weights(config: RunConfig, shape: Shape, digest: str) -> dict[str, Tensor]:
    """The weights of `init_from`, for a model of this shape; empty where the run begins with its own."""
    if not config.init_from:
        return {}
    run = _open("init_from", config.init_from)
    # An imported model without a tokenizer has no digest; what its ids mean is for the user to know.
    if run.tokenizer.get("digest") not in (digest, None):
        raise ConfigError(
            f"init_from={config.init_from}: its tokens come from another tokenizer, so the same ids are other words; "
            "take shards of its tokenizer"
        )
    old, new = run.shape.to_json(), shape.to_json()
    found = [f"{name} is {old[name]} there and {new[name]} here" for name in new if old[name] != new[name]]
    found = [each for each in found if each.split(" ", 1)[0] not in _FREE]
    if run.shape.layers < shape.layers:
        found.append(f"it has {run.shape.layers} layers for {shape.layers} here")
    if found:
        raise ConfigError(f"init_from={config.init_from} is of another shape: {'; '.join(found)}")
    return layers_of(run.weights, run.shape, shape)


def teacher_of(config: RunConfig, shape: Shape, digest: str) -> TrainedRun | None:
    """The run of `teacher`, if it can teach a student of this shape; None where there is nothing to distil."""
    lesson = lesson_of(config)
    if not config.teacher:
        if lesson.soft or lesson.cosine:
            raise ConfigError("distil_soft and distil_cosine learn from a trained run: write teacher=runs/NAME")
        return None
    if not lesson.soft and not lesson.cosine:
        raise ConfigError(f"teacher={config.teacher} teaches nothing: write distil_soft=0.5 too")
    run = _open("teacher", config.teacher)
    check_teacher(run, shape, digest, lesson)
    return run


def lesson_of(config: RunConfig) -> Lesson:
    """How much is learned from what, when distilling."""
    return Lesson(config.distil_soft, config.distil_cosine, config.distil_temperature)


def _open(key: str, path: str) -> TrainedRun:
    try:
        return open_run(Path(path))
    except (RunError, DamagedError, UnreadableError) as error:
        raise ConfigError(f"{key}={path}: {error}") from error
