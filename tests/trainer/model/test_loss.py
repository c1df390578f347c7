"""The chunked loss: equal to PyTorch's cross entropy, loss and gradients, and never holding all scores."""

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from trainer.model import loss
from trainer.model.loss import IGNORED, chunk_rows, chunked_cross_entropy, token_cross_entropy

torch.set_num_threads(1)
ROWS, WIDTH, VOCABULARY, PADDED = 50, 16, 100, 128


def case(dtype=torch.float64, ignored=7, weight_dtype=None):
    """States, matrix and targets; every `ignored`-th target is left out."""
    draw = torch.Generator().manual_seed(4)
    hidden = torch.randn(ROWS, WIDTH, generator=draw, dtype=torch.float64).to(dtype).requires_grad_()
    weight = torch.randn(PADDED, WIDTH, generator=draw, dtype=torch.float64).to(weight_dtype or dtype).requires_grad_()
    targets = torch.randint(0, VOCABULARY, (ROWS,), generator=draw)
    targets[::ignored] = IGNORED
    return hidden, weight, targets


def reference(hidden, weight, targets, reduction="mean"):
    return F.cross_entropy(hidden @ weight[:VOCABULARY].T, targets, ignore_index=IGNORED, reduction=reduction)


@pytest.mark.parametrize("chunk", [1, 7, 16, 50, 64, 0])
@pytest.mark.parametrize("ignored", [2, 7, 51])
def test_loss_and_gradients_are_those_of_cross_entropy(chunk, ignored):
    hidden, weight, targets = case(ignored=ignored)
    loss = chunked_cross_entropy(hidden, weight, targets, VOCABULARY, chunk)
    wanted = reference(hidden, weight, targets)
    assert loss.item() == pytest.approx(wanted.item(), abs=1e-12)
    ours = torch.autograd.grad(loss * 3, (hidden, weight))
    for slope, right in zip(ours, torch.autograd.grad(wanted * 3, (hidden, weight)), strict=True):
        assert (slope - right).abs().max() < 1e-8
    assert not ours[1][VOCABULARY:].any()


def test_large_scores_do_not_overflow():
    hidden, weight, targets = case(torch.float32)
    loss = chunked_cross_entropy(hidden * 1000, weight, targets, VOCABULARY, 16)
    assert loss.item() == pytest.approx(reference(hidden * 1000, weight, targets).item(), rel=1e-6)
    assert all(slope.isfinite().all() for slope in torch.autograd.grad(loss, (hidden, weight)))


def test_no_target_is_no_loss():
    hidden, weight, targets = case(ignored=1)
    loss = chunked_cross_entropy(hidden, weight, targets, VOCABULARY)
    assert loss.item() == 0
    assert not any(slope.any() for slope in torch.autograd.grad(loss, (hidden, weight)))


@pytest.mark.parametrize("weight_dtype", [torch.float32, torch.bfloat16])
def test_states_in_bfloat16_are_summed_in_float32(weight_dtype):
    """Also where the matrix arrives in bfloat16, as it does when FSDP gathers it so: 100 chunks, no drift."""
    hidden, weight, targets = case(torch.bfloat16, weight_dtype=weight_dtype)
    hidden, targets = hidden.detach().repeat(20, 1).requires_grad_(), targets.repeat(20)
    loss = chunked_cross_entropy(hidden, weight, targets, VOCABULARY, 10)
    ours = torch.autograd.grad(loss, (hidden, weight))
    assert (loss.dtype, ours[0].dtype, ours[1].dtype) == (torch.float32, torch.bfloat16, weight_dtype)
    exact = [part.detach().bfloat16().double().requires_grad_() for part in (hidden, weight)]
    wanted = reference(*exact, targets)
    assert loss.item() == pytest.approx(wanted.item(), rel=2e-3)
    for slope, right in zip(ours, torch.autograd.grad(wanted, exact), strict=True):
        assert (slope - right).norm() < 0.006 * right.norm()


def test_a_matrix_that_is_used_twice_gets_both_gradients():
    """As a tied head is: looked up at one end, multiplied at the other."""
    _, weight, targets = case()
    index = torch.arange(ROWS)
    tied = torch.autograd.grad(chunked_cross_entropy(weight[index], weight, targets, VOCABULARY, 16), weight)[0]
    right = torch.autograd.grad(reference(weight[index], weight, targets), weight)[0]
    assert (tied - right).abs().max() < 1e-8


@pytest.mark.parametrize("gradients", [False, True])
def test_losses_by_token(gradients):
    hidden, weight, targets = case()
    with torch.set_grad_enabled(gradients):
        losses = token_cross_entropy(hidden, weight, targets, VOCABULARY)
    assert torch.allclose(losses, reference(hidden, weight, targets, "none"), atol=1e-12)
    assert not losses[targets == IGNORED].any()
    assert losses.requires_grad == gradients


def test_it_passes_the_checks_of_an_operator():
    hidden, weight, targets = case(torch.float32)
    operator = torch.ops.corpusloom.linear_cross_entropy
    torch.library.opcheck(operator, (hidden, weight, targets, [VOCABULARY, 16], [True, False]))


class Sizes(TorchDispatchMode):
    """Notes how many numbers the largest tensor has that any operation made."""

    largest = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        output = func(*args, **(kwargs or {}))
        sizes = [part.numel() for part in tree_leaves(output) if isinstance(part, torch.Tensor)]
        self.largest = max(self.largest, *sizes, 0)
        return output


@pytest.mark.parametrize(("most", "rows"), [(256, 250), (500, 500), (1999, 1000)])
def test_the_scores_of_all_rows_are_never_held(most, rows, monkeypatch):
    """2,000 rows are cut into equal chunks of at most so many."""
    hidden, weight, targets = (part.detach() for part in case(torch.float32))
    monkeypatch.setattr(loss, "_operator", loss.loss_and_slopes)
    with Sizes() as sizes:
        chunked_cross_entropy(hidden.repeat(40, 1).requires_grad_(), weight, targets.repeat(40), VOCABULARY, most)
    assert sizes.largest == rows * PADDED


def test_a_chunk_is_a_power_of_two_and_at_least_one_row():
    assert (chunk_rows("cuda", 50304), chunk_rows("cpu", 50304), chunk_rows("cpu", 2**26)) == (8192, 512, 1)


@pytest.mark.slow
def test_compiled_it_is_one_graph_and_the_same():
    """A whole step compiles around it, and its kernel by itself, which takes a C++ compiler half a minute."""
    hidden, weight, targets = case(torch.float32)

    def step(hidden, weight, targets):
        return chunked_cross_entropy(hidden * 2, weight, targets, VOCABULARY, 25, True)

    plain = chunked_cross_entropy(hidden * 2, weight, targets, VOCABULARY, 25, False)
    compiled = torch.compile(step, fullgraph=True, dynamic=False, backend="aot_eager")(hidden, weight, targets)
    assert compiled.item() == pytest.approx(plain.item(), rel=1e-6)
    slopes = (torch.autograd.grad(output, (hidden, weight)) for output in (compiled, plain))
    for ours, right in zip(*slopes, strict=True):
        assert torch.allclose(ours, right, atol=1e-6)
