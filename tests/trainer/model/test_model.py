"""The model: its weights are where and what they should be, whatever the option."""

import math
from dataclasses import replace

import pytest
import torch

from trainer.model.attention import CUDNN_FIRST, Choice
from trainer.model.gpt import GPT
from trainer.model.masks import MaskMaker
from trainer.model.shape import Shape

torch.set_num_threads(1)
SHAPE = Shape(layers=2, heads=4, width=32, sequence_length=24, vocab_size=90)
OPTIONS = {
    "gpt2": {},
    "gpt1": {"norm_place": "post", "dropout": 0.1},
    "gpt1-exact": {"norm_place": "post", "gpt1_exact": True, "dropout": 0.1},
    "gpt3": {"pattern": "DB", "band": 5},
    "no-bias": {"bias": False, "activation": "gelu-exact"},
    "llama": {"norm": "rms", "position": "rotary", "activation": "swiglu", "bias": False, "tied": False},
    "bert": {"architecture": "encoder", "norm_place": "post", "embedding_norm": True, "head_transform": True},
    "prefix": {"architecture": "prefix", "position": "relative", "activation": "geglu"},
    "blank": {"architecture": "prefix", "position": "blank", "activation": "relu"},
    "deepnorm": {"norm_place": "deepnorm", "position": "sinusoidal"},
    "sandwich": {"norm_place": "sandwich", "position": "alibi", "pattern": "DB", "band": 5},
    "modern": {"position": "rotary", "norm": "rms", "bias": False, "soft_cap": 15.0, "value_embeddings": 1},
    "grouped": {"kv_heads": 2, "head_size": 16, "qk_norm": True, "position": "rotary", "activation": "relu2"},
}


def tokens(seed=2, rows=3, length=24):
    return torch.randint(0, 90, (rows, length), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_it_has_the_weights_that_its_shape_counts(options):
    shape = replace(SHAPE, **options)
    model = GPT(shape)
    padding = (shape.padded_vocab_size - shape.vocab_size) * shape.width * (1 if shape.tied else 2)
    if shape.gpt1_exact:
        padding -= shape.sequence_length * shape.width
    rows = shape.padded_vocab_size - shape.vocab_size
    padding += rows * shape.head_transform + rows * shape.key_heads * shape.head_width * shape.value_embeddings
    assert sum(parameter.numel() for parameter in model.parameters()) - padding == shape.n_parameters()
    matrices = [part for name, part in model.named_parameters() if name.startswith("blocks") and part.dim() == 2]
    assert sum(part.numel() for part in matrices) == shape.matrix_parameters


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_every_weight_learns_but_the_padding(options):
    model = GPT(replace(SHAPE, **options))
    loss = model(tokens(), tokens(3))
    loss.backward()
    assert loss.item() == pytest.approx(math.log(model.shape.softmax_size), abs=0.5)
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name
        if name in ("embedding.weight", "head.weight"):
            assert not parameter[model.shape.softmax_size :].any()
            assert not parameter.grad[model.shape.softmax_size :].any()


def test_first_weights_have_their_spread():
    shape = Shape(layers=6, heads=4, width=256, sequence_length=256, vocab_size=500)
    model = GPT(shape)
    wanted = {"embedding.weight": 0.02, "positions.weight": 0.01}
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1:
            assert (parameter == (1 if name.endswith("norm.weight") else 0)).all(), name
            continue
        parameter = parameter[: shape.vocab_size] if name == "embedding.weight" else parameter
        residual = name.endswith(("attention.out.weight", "feed.down.weight"))
        std = 0.02 / math.sqrt(2 * 6) if residual else wanted.get(name, 0.02)
        assert parameter.std().item() == pytest.approx(std, rel=0.02), name
        assert abs(parameter.mean().item()) < std / 50, name


def test_gpt1_has_one_spread_for_all():
    model = GPT(replace(SHAPE, width=256, norm_place="post", position_std=0.02))
    for name, parameter in model.named_parameters():
        if parameter.dim() == 2 and name != "embedding.weight":
            assert parameter.std().item() == pytest.approx(0.02, rel=0.05), name


def test_a_weight_depends_on_seed_and_name_alone():
    small, deep = GPT(SHAPE, seed=3), GPT(replace(SHAPE, layers=5, norm_place="post"), seed=3)
    assert torch.equal(small.blocks[1].feed.up.weight, deep.blocks[1].feed.up.weight)
    assert not torch.equal(small.blocks[0].feed.up.weight, small.blocks[1].feed.up.weight)
    before = small.embedding.weight.clone()
    small.initialise(4)
    assert not torch.equal(small.embedding.weight, before)
    small.initialise(3)
    assert torch.equal(small.embedding.weight, before)


def test_first_weights_never_change_in_silence():
    first = GPT(SHAPE, seed=0).blocks[0].attention.qkv.weight[0, :4].tolist()
    assert first == pytest.approx([-0.0062423823, 0.0438760892, -0.0088143190, -0.0099501088], abs=1e-7)


def test_without_a_seed_weights_are_loaded():
    source = GPT(SHAPE, seed=9)
    model = GPT(SHAPE, seed=None)
    model.load_state_dict(source.state_dict())
    assert torch.equal(model(tokens(), tokens(3)), source(tokens(), tokens(3)))


def test_scores_are_those_of_the_vocabulary():
    model = GPT(SHAPE)
    assert model.logits(model.hidden(tokens())).shape == (3, 24, 90)
    assert model.embedding.weight.shape[0] == 128


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_the_loss_is_the_mean_of_the_tokens_losses(options):
    model = GPT(replace(SHAPE, **options)).eval()
    targets = tokens(3)
    targets[0, 5:] = -100
    losses = model.token_losses(tokens(), targets)
    assert losses.sum().item() / (targets != -100).sum() == pytest.approx(model(tokens(), targets).item(), abs=1e-5)
    assert losses.shape == (3, 24) and losses.dtype == torch.float32
    slopes = torch.autograd.grad(losses.sum() / (targets != -100).sum(), list(model.parameters()))
    right = torch.autograd.grad(model(tokens(), targets), list(model.parameters()))
    assert all(torch.allclose(ours, theirs, atol=1e-6) for ours, theirs in zip(slopes, right, strict=True))


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_activations_have_the_type_that_is_set_and_weights_stay_float32(options):
    model = GPT(replace(SHAPE, **options)).eval()
    assert model.compute_dtype == torch.float32
    exact = model(tokens(), tokens(3))
    model.compute_dtype = torch.bfloat16
    assert model.hidden(tokens()).dtype == torch.bfloat16
    loss = model(tokens(), tokens(3))
    loss.backward()
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(exact.item(), abs=0.02)
    assert {parameter.grad.dtype for parameter in model.parameters()} == {torch.float32}


def test_dropout_is_there_in_training_alone_and_follows_the_generator():
    model = GPT(replace(SHAPE, dropout=0.2))
    losses = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        losses.append(model(tokens(), tokens(3)).item())
    assert losses[0] == losses[1] != losses[2]
    model.eval()
    assert model(tokens(), tokens(3)).item() == model(tokens(), tokens(3)).item()


def test_gpt1_exact_drops_the_same_numbers_at_both_ends():
    model = GPT(replace(SHAPE, norm_place="post", gpt1_exact=True, dropout=0.5))
    matrix = model.token_matrix()
    kept = matrix != 0
    assert 0.4 < kept[:90].float().mean() < 0.6
    assert torch.allclose(matrix[kept], 2 * model.embedding.weight[kept])
    dropped = model.logits(torch.eye(32), matrix).T
    assert torch.equal(dropped, matrix[:90])
    assert model.token_matrix().ne(0).ne(kept).any()


def test_a_model_on_no_device_costs_nothing_and_can_be_filled_later():
    with torch.device("meta"):
        model = GPT(replace(SHAPE, position="rotary"))
    model = model.to_empty(device="cpu")
    model.initialise(3)
    assert torch.equal(model.hidden(tokens()), GPT(model.shape, seed=3).hidden(tokens()))


def compiled(model):
    torch.compiler.reset()
    return torch.compile(model, fullgraph=True, dynamic=False, backend="aot_eager")


def test_a_step_compiles_to_one_graph():
    """With the order of kernels of a Hopper card in the trace."""
    model = GPT(replace(SHAPE, pattern="DB", band=5, position="rotary", qk_norm=True, dropout=0.1)).eval()
    model.choice = replace(model.choice, order=CUDNN_FIRST)
    loss, right = compiled(model)(tokens(), tokens(3)), model(tokens(), tokens(3))
    assert loss.item() == pytest.approx(right.item(), abs=1e-6)
    for ours, theirs in zip(*(torch.autograd.grad(x, list(model.parameters())) for x in (loss, right)), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-6)


def test_bands_and_documents_compile_to_one_graph_as_flex_attention():
    """Forward only: there is no more of it on a CPU."""
    shape = replace(SHAPE, sequence_length=256, width=64, pattern="DB", band=100)
    model, plain = GPT(shape), GPT(shape)
    model.choice = Choice("sdpa", "flex", CUDNN_FIRST, "as if on Hopper")
    model.outlook = MaskMaker(shape, True, torch.device("cpu"))
    ids = torch.arange(256).expand(2, 256) // 30
    x, y = tokens(rows=2, length=256), tokens(3, rows=2, length=256)
    with torch.no_grad():
        assert compiled(model)(x, y, ids).item() == pytest.approx(plain(x, y, ids).item(), abs=1e-6)
