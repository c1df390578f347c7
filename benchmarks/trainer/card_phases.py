"""The phases of a run on a card: each a method that returns what it found as JSON, by the trainer's own pieces.

Training is done by the command that everybody uses, in a process of its own, so that it can be killed, can run out of
memory, or leave the card unusable to itself, and the next phase finds a card.
"""

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.trainer import ceilings, feeding, kernels, parity, speed
from benchmarks.trainer.settings import over_data, settings_for
from benchmarks.trainer.sides import CUDNN, OURS, REFERENCE
from benchmarks.trainer.stand import Finding, Stand
from benchmarks.trainer.tokens import write_learnable_shards
from corpus.shards.layout import read_shard_manifest
from trainer.model.attention import kernel_in_use, pick_attention

ROOT = Path(__file__).parents[2]
_BATCH = 65_536
_SMALL_KEYS = "layers=2 heads=2 width=32 sequence_length=32 batch_tokens=256 threads=1 validate_tokens=512 log_every=1"
_CARD_KEYS = f"batch_tokens={_BATCH} validate_tokens=524288 log_every=10"


class CardRun:
    """One run: its sizes, its data, a scratch folder, and `record`, which `write` puts into results.json."""

    def __init__(self, out: Path, reference: Path | None, data: Path | None, small: bool, train_seconds: float) -> None:
        self.card = torch.cuda.is_available()
        self.out, self.small, self.train_seconds = out, small or not self.card, train_seconds
        self.scratch = Path(tempfile.mkdtemp(prefix="card-"))
        settings = settings_for("cuda" if self.card else "cpu", self.small, self.card and not small, reference)
        if self.small:
            settings = replace(settings, parity_steps=8, warm=1, timed=2)
        self.data = data or write_learnable_shards(
            self.scratch / "shards", 30_000 if self.small else 30_000_000, settings.shape.vocab_size
        )
        self.settings = over_data(settings, self.data, read_shard_manifest(self.data).tokenizer.vocab_size)
        self.ceilings: dict[str, Any] = {"peak": None, "matrix_rate": float("nan")}
        reference_name = str(reference) if reference else "the recipe, re-stated"
        self.record: dict[str, Any] = {
            "small": self.small,
            "data": str(data) if data else "learnable tokens: losses say nothing of text",
            "reference": reference_name,
            "phases": {},
        }

    def write(self) -> None:
        """Put what is known into results.json, in one step."""
        temporary = self.out / ".tmp-results.json"
        temporary.write_text(json.dumps(self.record, indent=1, default=str) + "\n", encoding="utf-8")
        temporary.replace(self.out / "results.json")

    def close(self) -> None:
        """Remove the scratch folder."""
        shutil.rmtree(self.scratch, ignore_errors=True)

    def machine(self, left: float) -> dict[str, Any]:
        """The card and its ceilings, and the attention kernels with and without our order."""
        found = ceilings.measure({}, self.settings.device, self.small)
        self.ceilings = {name: found.pop(name) for name in ("matrix_rate", "peak")}
        found |= {"python": platform.python_version(), "cores": os.cpu_count()}
        if self.card:
            device, shape = torch.device("cuda"), self.settings.shape
            choice = pick_attention("cuda", torch.cuda.get_device_capability(), shape)
            found["attention"] = kernel_in_use(choice, shape, device, torch.bfloat16)
            found["attention by default"] = kernel_in_use(replace(choice, order=()), shape, device, torch.bfloat16)
            torch.cuda.empty_cache()
        return found

    def parity(self, left: float) -> dict[str, Any]:
        """Losses of both sides."""
        with self._stand(left) as stand:
            return _of(parity.phase(stand))

    def speed12(self, left: float) -> dict[str, Any]:
        """The smallest micro-batch."""
        return self._speed(left, self.settings.sweep[0])

    def speed32(self, left: float) -> dict[str, Any]:
        """The second micro-batch."""
        return self._speed(left, self.settings.sweep[1])

    def warm(self, left: float) -> dict[str, Any]:
        """Both presets for a few steps side by side, so that the timed runs find compiled kernels."""
        errors: dict[str, str] = {}

        def go(preset: str) -> None:
            try:
                self._train(f"warm-{preset}", preset, left, "steps=2" if self.small else "steps=10", "validate_every=0")
            except RuntimeError as error:
                errors[preset] = str(error)

        threads = [threading.Thread(target=go, args=(preset,)) for preset in ("gpt2-124m", "modern-124m")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise RuntimeError("; ".join(f"{preset}: {error}" for preset, error in errors.items()))
        return {"warmed": ["gpt2-124m", "modern-124m"]}

    def gpt2(self, left: float) -> dict[str, Any]:
        """Bits per byte over training seconds, at a rate that is right for so short a run."""
        ours = self._find("speed32").get(OURS, {}).get("tokens/s") or 400_000
        steps = 12 if self.small else max(40, int(self.train_seconds * ours / _BATCH))
        return self._curve("gpt2", "gpt2-124m", left, steps, "rate=1.5e-3")

    def modern(self, left: float) -> dict[str, Any]:
        """The modern preset for the training seconds that GPT-2 had: first its speed, then a run that ends there."""
        trial = self._train("modern-trial", "modern-124m", left, f"steps={6 if self.small else 40}", "validate_every=0")
        seconds = self._find("gpt2").get("training seconds") or self.train_seconds
        steps = 12 if self.small else max(40, int(seconds * _median_speed(trial) / _BATCH))
        found = self._curve("modern", "modern-124m", left, steps)
        old, new = (part.get("bits per byte") for part in (self._find("gpt2"), found))
        return {**found, "of GPT-2's bits per byte": new / old if old and new else None}

    def resume(self, left: float) -> dict[str, Any]:
        """Kill after a checkpoint and go on: the steps that were taken twice must have (nearly) the same losses."""
        steps, every, kill = (12, 4, 6) if self.small else (75, 20, 60)
        keys = [f"steps={steps}", f"save_every={every}", "validate_every=0", "log_every=5"]
        first = {row["step"]: row["loss"] for row in self._train("resume", "gpt2-124m", left, *keys, kill_at=kill)}
        again = {row["step"]: row["loss"] for row in self._train("resume", "gpt2-124m", left, *keys)}
        twice = [step for step in first if step > every and step in again]
        return {
            "rows before the kill": len(first),
            "rows at the end": len(again),
            "steps in both": len(twice),
            "not equal to the bit": sum(first[step] != again[step] for step in twice),
            "greatest difference of loss": max((abs(first[step] - again[step]) for step in twice), default=None),
        }

    def documents(self, left: float) -> dict[str, Any]:
        """A run with document masks, beside the one without."""
        steps = f"steps={6 if self.small else 40}"
        rows = self._train("documents", "gpt2-124m", left, steps, "validate_every=0", "document_mask=true")
        plain, masked = self._find("gpt2").get("tokens/s"), _median_speed(rows)
        return {"tokens/s": masked, "of unmasked": masked / plain if plain else None, "loss": rows[-1]["loss"]}

    def loader(self, left: float) -> dict[str, Any]:
        """One thread, nobody else at work."""
        rate = feeding.time_alone({}, self.data, 2 if self.small else 30, rows=8 if self.small else 512)
        return {"tokens/s alone": rate}

    def kernels(self, left: float) -> dict[str, Any]:
        """Every kernel beside the formula."""
        with self._stand(left) as stand:
            return _of(kernels.phase(stand))

    def sample(self, left: float) -> dict[str, Any]:
        """Two samples of the run `gpt2`; where no tokenizer came along they are ids, to be decoded at home."""
        command = [sys.executable, "-m", "trainer.sample", str(self.scratch / "gpt2"), "--tokens", "60", "--count", "2"]
        ran = subprocess.run(
            [*command, "--top-k", "50"], capture_output=True, text=True, timeout=max(5, left), cwd=ROOT, check=False
        )
        if ran.returncode:
            raise RuntimeError(ran.stderr[-300:])
        return {"samples": ran.stdout[-2000:]}

    def tests(self, left: float) -> dict[str, Any]:
        """The tests marked gpu; skipped visibly where there is no pytest or no card."""
        if not self.card:
            return {"skipped": "no card"}
        command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "tests/trainer", "-p", "no:cacheprovider"]
        command += ["--continue-on-collection-errors"]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=max(5, left), cwd=ROOT, check=False)
        if "No module named pytest" in ran.stderr:
            return {"skipped": "no pytest here"}
        return {"exit code": ran.returncode, "said": ran.stdout[-1500:]}

    @contextmanager
    def _stand(self, left: float):
        stand = Stand(replace(self.settings, seconds=max(10.0, left)), ceilings=self.ceilings)
        try:
            yield stand
        finally:
            stand.close()

    def _speed(self, left: float, rows: int) -> dict[str, Any]:
        with self._stand(left) as stand:
            found = speed.compare(stand, rows, (REFERENCE, CUDNN, OURS))
        table = {row["side"]: {name: value for name, value in row.items() if name != "side"} for row in found}
        ours = table[OURS].get("tokens/s")
        for side in (REFERENCE, CUDNN):
            if ours and table[side].get("tokens/s"):
                table[side]["ours / this"] = ours / table[side]["tokens/s"]
        return table

    def _find(self, phase: str) -> dict[str, Any]:
        return self.record["phases"].get(phase, {}).get("found", {})

    def _curve(self, name: str, preset: str, left: float, steps: int, *keys: str) -> dict[str, Any]:
        rows = self._train(name, preset, left, f"steps={steps}", f"validate_every={max(1, steps // 8)}", *keys)
        shutil.copy(self.scratch / name / "metrics.jsonl", self.out / f"{name}_metrics.jsonl")
        seen = [row for row in rows if row.get("bits_per_byte")]
        curve = [(row["training_seconds"], row["tokens"], _mean(row["bits_per_byte"])) for row in seen]
        return {
            "steps": steps,
            "tokens/s": _median_speed(rows),
            "mfu": rows[-1]["mfu"],
            "training seconds": rows[-1]["training_seconds"],
            "peak GB": rows[-1]["peak_memory"] / 1e9,
            "bits per byte": curve[-1][2] if curve else None,
            "curve (training seconds, tokens, bits per byte)": curve,
            "loss": [rows[0]["loss"], rows[-1]["loss"]],
        }

    def _train(self, name: str, preset: str, left: float, *keys: str, kill_at: int = 0) -> list[dict[str, Any]]:
        """Train by the command; the rows of its metrics. With `kill_at` it is killed when so many rows are there."""
        run, usual = self.scratch / name, (_SMALL_KEYS if self.small else _CARD_KEYS).split()
        command = [sys.executable, "-m", "trainer.train", "--data", str(self.data), "--preset", preset]
        command += ["--output", str(run), "save_every=1000000", "keep_last=1", *usual, *keys]
        metrics, end = run / "metrics.jsonl", time.monotonic() + max(10.0, left)
        with (self.out / "log.txt").open("a", encoding="utf-8") as log:
            log.write(f"\n### {name}: {' '.join(command)}\n")
            log.flush()
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
            while process.poll() is None and time.monotonic() < end:
                if kill_at and metrics.exists() and metrics.read_bytes().count(b"\n") >= kill_at:
                    process.send_signal(signal.SIGKILL)
                time.sleep(0.02)
            late = process.poll() is None
            if late:
                process.kill()
                process.wait()
        rows = [json.loads(line) for line in metrics.read_text().splitlines()] if metrics.exists() else []
        killed = kill_at and process.returncode == -signal.SIGKILL
        if late or not rows or (process.returncode and not killed):
            why = "late" if late else f"exit {process.returncode}"
            raise RuntimeError(f"{name}: {why}, {len(rows)} rows; see log.txt")
        return rows


def _of(finding: Finding) -> dict[str, Any]:
    goals = [{**asdict(goal), "met": goal.met} for goal in finding.goals]
    return {"rows": [dict(row) for row in finding.rows], "goals": goals, "notes": list(finding.notes)}


def _median_speed(rows: list[dict[str, Any]]) -> float:
    speeds = sorted(row["tokens_per_second"] for row in rows if row["tokens_per_second"] is not None)
    if not speeds:
        raise RuntimeError("no interval without compilation: take more steps")
    return speeds[len(speeds) // 2]


def _mean(by_source: dict[str, float]) -> float:
    return sum(by_source.values()) / len(by_source)
