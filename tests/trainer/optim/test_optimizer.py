"""The optimizers: groups, GPT-1's Adam beside a transcription, Muon's orthogonality, and a state that goes on."""

import os
import socket

import numpy as np
import pytest
import torch
from torch import nn

from trainer.optim.muon import Muon, orthogonal
from trainer.optim.optimizer import OptimizerConfig, OptimizerError, make_optimizer, pick_fused, split_parameters
from trainer.optim.schedule import Schedule
from trainer.run.tensor_file import read_tensors, write_tensors

ALL = ("adamw", "muon", "gpt1-adam")
torch.set_num_threads(1)


class Net(nn.Module):
    """The parts that optimizers tell apart: embeddings, stacked and tall matrices, vectors, a tied head."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(11, 8)
        stacked = nn.Linear(8, 24, bias=False)
        stacked.parts = (8, 8, 8)
        self.blocks = nn.ModuleList(nn.ModuleDict({"qkv": stacked, "out": nn.Linear(24, 8)}) for _ in range(1))
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 11, bias=False)
        self.head.weight = self.table.weight

    def forward(self, tokens, targets):
        x = self.table(tokens)
        for block in self.blocks:
            x = x + block["out"](torch.relu(block["qkv"](x)))
        return nn.functional.cross_entropy(self.head(self.norm(x)).flatten(0, 1), targets.flatten())


def a_net() -> Net:
    torch.manual_seed(3)
    return Net()


def train(net, optimizer, first, steps):
    """Losses of the steps from `first`: step k sees batch k."""
    losses = []
    for step in range(first, first + steps):
        tokens = torch.randint(0, 11, (4, 7), generator=torch.Generator().manual_seed(step))
        loss = net(tokens[:, :-1], tokens[:, 1:])
        loss.backward()
        optimizer.clip(1.0)
        optimizer.step(min(1.0, (step + 1) / 5))
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


def test_parameters_are_split_into_hidden_matrices_outer_matrices_and_vectors():
    groups = split_parameters(a_net())
    assert list(groups.hidden) == ["blocks.0.qkv.weight", "blocks.0.out.weight"]
    assert list(groups.outer) == ["table.weight"]  # tied to the head: counted once
    assert list(groups.vectors) == ["blocks.0.out.bias", "norm.weight", "norm.bias"]


@pytest.mark.parametrize(
    ("name", "vector_l2", "decaying"),
    [
        ("adamw", False, {"table.weight", "blocks.0.qkv.weight", "blocks.0.out.weight"}),
        ("adamw", True, {"table.weight", "blocks.0.qkv.weight", "blocks.0.out.weight"}),
        ("gpt1-adam", False, {"table.weight", "blocks.0.qkv.weight", "blocks.0.out.weight"}),
        ("gpt1-adam", True, set(dict(a_net().named_parameters()))),
        ("muon", False, {"blocks.0.qkv.weight", "blocks.0.out.weight"}),
    ],
)
def test_only_what_should_decay_does(name, vector_l2, decaying):
    net = a_net()
    nn.init.ones_(net.blocks[0]["out"].bias)
    nn.init.ones_(net.norm.bias)
    before = {key: value.detach().clone() for key, value in net.named_parameters()}
    for parameter in net.parameters():
        parameter.grad = torch.zeros_like(parameter)
    make_optimizer(net, OptimizerConfig(name, vector_l2=vector_l2), "cpu").step()
    shrunk = {key for key, value in net.named_parameters() if value.norm() < before[key].norm()}
    unmoved = {key for key, value in net.named_parameters() if torch.equal(value, before[key])}
    assert (shrunk, unmoved) == (decaying, before.keys() - decaying)


@pytest.mark.parametrize("vector_l2", [False, True])
def test_adam_of_gpt1_is_its_formula_over_fifty_steps(vector_l2):
    schedule, total = Schedule("gpt1-linear", 5, 50, 0.0), 50
    layer = nn.Linear(5, 3).double()
    config = OptimizerConfig("gpt1-adam", 6.25e-2, betas=(0.9, 0.999), weight_decay=0.01, vector_l2=vector_l2)
    optimizer = make_optimizer(layer, config, "cpu")
    wanted = {name: p.detach().numpy().copy() for name, p in layer.named_parameters()}
    mean = {name: np.zeros_like(p) for name, p in wanted.items()}
    square = {name: np.zeros_like(p) for name, p in wanted.items()}
    chance = np.random.default_rng(1)
    for t in range(1, total + 1):
        x = (t - 1) / total
        rate = 6.25e-2 * (x / 0.1 if x < 0.1 else 1) * (1 - x) * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        for name, parameter in layer.named_parameters():
            gradient = chance.standard_normal(parameter.shape)
            parameter.grad = torch.from_numpy(gradient)
            mean[name] = 0.9 * mean[name] + 0.1 * gradient
            square[name] = 0.999 * square[name] + 0.001 * gradient**2
            l2 = 0.01 if vector_l2 or parameter.ndim > 1 else 0.0
            wanted[name] = wanted[name] - rate * (mean[name] / (np.sqrt(square[name]) + 1e-8) + l2 * wanted[name])
        optimizer.step(schedule.lr_scale(t - 1))
        for name, parameter in layer.named_parameters():
            np.testing.assert_allclose(parameter.detach().numpy(), wanted[name], rtol=1e-12, atol=1e-14)


def test_the_first_update_of_a_warm_up_has_the_rate_nought():
    net = a_net()
    before = [p.detach().clone() for p in net.parameters()]
    optimizer = make_optimizer(net, OptimizerConfig("gpt1-adam"), "cpu")
    net(torch.tensor([[1, 2]]), torch.tensor([[2, 3]])).backward()
    optimizer.step(Schedule("gpt1-linear", 10, 100, 0.0).lr_scale(0))
    assert all(torch.equal(old, new) for old, new in zip(before, net.parameters(), strict=True))


def test_adam_of_gpt1_is_not_adamw():
    nets = a_net(), a_net()
    for net, name in zip(nets, ("gpt1-adam", "adamw"), strict=True):
        train(net, make_optimizer(net, OptimizerConfig(name, epsilon=1e-4), "cpu"), 0, 3)
    assert not torch.allclose(nets[0].table.weight, nets[1].table.weight, atol=1e-5)


@pytest.mark.parametrize("shape", [(16, 16), (16, 64), (64, 16), (3, 24, 40)])
def test_orthogonal_brings_every_singular_value_near_one_and_turns_nothing(shape):
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(5))
    made = orthogonal(matrices)
    values = torch.linalg.svdvals(made)
    assert values.min() > 0.6 and values.max() < 1.25
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    # In the basis of the singular vectors of what came in, what came out is diagonal: only lengths have changed.
    inside = left.mT @ made @ right.mT
    assert (inside - torch.diag_embed(inside.diagonal(dim1=-2, dim2=-1))).abs().max() < 1e-4


def test_a_step_of_muon_is_as_long_as_its_rate_says_and_stacked_maps_are_stepped_each_by_itself():
    matrix = nn.Parameter(torch.zeros(48, 16))
    matrix.grad = torch.randn(48, 16, generator=torch.Generator().manual_seed(2))
    whole, parts = nn.Parameter(torch.zeros(48, 16)), nn.Parameter(torch.zeros(48, 16))
    for parameter, rows in ((whole, ()), (parts, (16, 16, 16))):
        parameter.grad = matrix.grad
        Muon([{"params": [parameter], "parts": rows}], lr=0.5).step()
    lengths = torch.linalg.svdvals(whole.detach())
    assert lengths.min() / (0.5 * 3**0.5) > 0.6 and lengths.max() / (0.5 * 3**0.5) < 1.25
    for part in parts.detach().split(16):
        lengths = torch.linalg.svdvals(part)
        assert lengths.min() / 0.5 > 0.3 and lengths.max() / 0.5 < 1.25
    assert not torch.allclose(whole, parts, atol=1e-2)


def test_adamw_is_that_of_pytorch_with_decay_on_matrices_only():
    ours, theirs = a_net(), a_net()
    matrices = [p for p in theirs.parameters() if p.ndim > 1]
    vectors = [p for p in theirs.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    adamw = torch.optim.AdamW(groups, 6e-4, (0.9, 0.95), 1e-8)
    optimizer = make_optimizer(ours, OptimizerConfig(), "cpu")
    for step in range(4):
        for one, two in zip(ours.parameters(), theirs.parameters(), strict=True):
            one.grad = torch.randn(one.shape, generator=torch.Generator().manual_seed(step))
            two.grad = one.grad.clone()
        optimizer.step()
        adamw.step()
    assert all(torch.equal(one, two) for one, two in zip(ours.parameters(), theirs.parameters(), strict=True))


@pytest.mark.parametrize("name", ALL)
def test_a_state_saved_and_taken_up_goes_on_to_the_bit(name, tmp_path):
    config = OptimizerConfig(name)
    straight = a_net()
    losses = train(straight, make_optimizer(straight, config, "cpu"), 0, 12)
    first = a_net()
    optimizer = make_optimizer(first, config, "cpu")
    assert train(first, optimizer, 0, 5) == losses[:5]
    digests = [write_tensors(tmp_path / "model", first.state_dict())]
    digests.append(write_tensors(tmp_path / "optimizer", optimizer.named_state()))
    second = Net()
    second.load_state_dict(read_tensors(tmp_path / "model", digests[0]))
    resumed = make_optimizer(second, config, "cpu")
    resumed.load_named_state(read_tensors(tmp_path / "optimizer", digests[1]))
    assert train(second, resumed, 5, 7) == losses[5:]
    assert all(torch.equal(a, b) for a, b in zip(straight.parameters(), second.parameters(), strict=True))


def test_the_state_of_another_optimizer_or_model_is_refused_and_nothing_changes():
    net = a_net()
    optimizer = make_optimizer(net, OptimizerConfig("adamw"), "cpu")
    train(net, optimizer, 0, 1)
    state = {name: value.clone() for name, value in optimizer.named_state().items()}
    other = make_optimizer(a_net(), OptimizerConfig("muon"), "cpu")
    with pytest.raises(OptimizerError, match=r"another model or another optimizer"):
        other.load_named_state(state)
    assert not other.named_state()
    with pytest.raises(OptimizerError, match=r"lacks 'norm\.bias\.step'"):
        optimizer.load_named_state({key: value for key, value in state.items() if key != "norm.bias.step"})
    with pytest.raises(OptimizerError, match=r"table\.weight\.exp_avg is \[3\]"):
        optimizer.load_named_state(state | {"table.weight.exp_avg": torch.zeros(3)})


def test_clipping_returns_the_norm_before_and_leaves_the_rest_to_nought():
    net = a_net()
    optimizer = make_optimizer(net, OptimizerConfig(), "cpu")
    for parameter in net.parameters():
        parameter.grad = torch.full_like(parameter, 0.5)
    norm = 0.5 * sum(p.numel() for p in net.parameters()) ** 0.5
    assert optimizer.clip(0.0).item() == pytest.approx(norm)
    assert optimizer.clip(2.0).item() == pytest.approx(norm)
    assert optimizer.clip(0.0).item() == pytest.approx(2.0, rel=1e-5)
    optimizer.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_adamw_is_fused_where_there_is_a_gpu():
    assert (pick_fused("cuda"), pick_fused("cpu"), pick_fused("mps")) == (True, None, None)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [({"name": "sgd"}, "sgd"), ({"rate": 0.0}, "rate"), ({"weight_decay": -1.0}, "-1"), ({"betas": (0.9, 1.0)}, "1.0")],
)
def test_a_configuration_that_cannot_be_is_refused(wrong, word):
    with pytest.raises(OptimizerError, match=word):
        OptimizerConfig(**wrong)


def test_muon_says_so_where_there_are_no_blocks():
    with pytest.raises(OptimizerError, match="ModuleList"):
        make_optimizer(nn.Linear(3, 3), OptimizerConfig("muon"), "cpu")


def sharded_losses(rank: int, port: int, folder: str) -> None:
    """One process of two: train sharded, stop, gather the state, take it up in a fresh model, go on."""
    from torch import distributed
    from torch.distributed.fsdp import fully_shard

    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    for name in ALL:
        net = fully_shard(a_net())
        optimizer = make_optimizer(net, OptimizerConfig(name), "cpu")
        losses = train(net, optimizer, 0, 5)
        state = {key: getattr(v, "full_tensor", lambda v=v: v)() for key, v in optimizer.named_state().items()}
        resumed = make_optimizer(net, OptimizerConfig(name), "cpu")
        resumed.load_named_state(state)
        losses += train(net, resumed, 5, 5)
        if rank == 0:
            np.save(f"{folder}/{name}.npy", losses)
    distributed.destroy_process_group()
    os._exit(0)  # as `trainer.command.leave` does, and for its reason


def test_every_optimizer_steps_a_sharded_model_as_it_steps_a_whole_one(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(sharded_losses, (port, str(tmp_path)), nprocs=2)
    for name in ALL:
        net = a_net()
        alone = train(net, make_optimizer(net, OptimizerConfig(name), "cpu"), 0, 10)
        np.testing.assert_allclose(np.load(tmp_path / f"{name}.npy"), alone, rtol=0, atol=1e-6)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no card")
@pytest.mark.parametrize("name", ALL)
def test_a_step_on_a_card_is_that_on_a_cpu_and_its_state_goes_back_and_forth(name):
    nets = a_net(), a_net().cuda()
    config = OptimizerConfig(name)
    optimizers = [make_optimizer(net, config, device) for net, device in zip(nets, ("cpu", "cuda"), strict=True)]
    for step in range(3):
        for net, optimizer in zip(nets, optimizers, strict=True):
            for parameter in net.parameters():
                chance = torch.Generator().manual_seed(step)
                parameter.grad = torch.randn(parameter.shape, generator=chance).to(parameter.device)
            optimizer.step()
    # Muon's iterations run in bfloat16 there.
    near = 2e-2 if name == "muon" else 1e-6
    for one, two in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        assert torch.allclose(one, two.cpu(), atol=near)
    optimizers[1].load_named_state(optimizers[0].named_state())
    assert all(value.is_cuda or key.endswith("step") for key, value in optimizers[1].named_state().items())
    optimizers[1].step()
