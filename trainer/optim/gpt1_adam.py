"""Adam as GPT-1's own code has it, which no optimizer of PyTorch is.

Three things differ. The bias corrections stand in the rate, so `epsilon` is added to the uncorrected root; the
"modified L2" decays by that corrected rate, which in the first steps is far from the plain one; and vectors (gains and
biases) are spared unless `vector_l2`. The update, with t counted from 1:

    p ← p - r·√(1 - β2^t)/(1 - β1^t) · (m / (√v + ε) + λ·p)

(Radford et al., 2018, "Improving language understanding by generative pre-training", and its released code.)
"""

from collections.abc import Iterable
from typing import Any

import torch


class Gpt1Adam(torch.optim.Optimizer):
    """GPT-1's Adam; `lr` is the rate after the schedule, `weight_decay` the λ of the modified L2, set per group."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2.5e-4,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One update of every parameter that has a gradient."""
        for group in self.param_groups:
            first, second = group["betas"]
            for parameter in group["params"]:
                gradient, state = parameter.grad, self.state[parameter]
                if gradient is None:
                    continue
                if not state:
                    state["step"] = torch.tensor(0.0)
                    state["exp_avg"] = torch.zeros_like(parameter)
                    state["exp_avg_sq"] = torch.zeros_like(parameter)
                state["step"] += 1
                # m ← β1·m + (1 - β1)·g, as m + (1 - β1)·(g - m); then v ← β2·v + (1 - β2)·g².
                mean = state["exp_avg"].lerp_(gradient, 1 - first)
                square = state["exp_avg_sq"].mul_(second).addcmul_(gradient, gradient, value=1 - second)
                update = mean / square.sqrt().add_(group["eps"])
                update.add_(parameter, alpha=group["weight_decay"])
                t = int(state["step"])
                # At t = 1 with β = (.9, .999): √.001 / .1 = .316 of the rate, and the decay has that too.
                rate = group["lr"] * (1 - second**t) ** 0.5 / (1 - first**t)
                parameter.add_(update, alpha=-rate)
