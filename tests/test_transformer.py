"""The transformer: PyTorch's own attention, causality, and a stream that is the sum of its pieces."""
import pytest
import torch
from torch import nn

from course import CourseError
from course.transformer import Attention, Transformer


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Transformer(11, d_model=24, heads=3, mlp=40, layers=2, length=9).eval()


@pytest.fixture
def tokens():
    return torch.randint(11, (5, 8), generator=torch.Generator().manual_seed(1))


def test_attention_is_that_of_pytorch():
    torch.manual_seed(2)
    ours, theirs, x = Attention(24, 3), nn.MultiheadAttention(24, 3, batch_first=True), torch.randn(4, 7, 24)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(ours.read.weight)
        theirs.in_proj_bias.copy_(ours.read.bias)
        theirs.out_proj.weight.copy_(ours.write.weight)
        theirs.out_proj.bias.copy_(ours.write.bias)
        future = torch.ones(7, 7, dtype=torch.bool).triu(1)
        expected, _ = theirs(x, x, x, attn_mask=future)
        torch.testing.assert_close(ours(x), expected, rtol=1e-5, atol=1e-6)


def test_a_layer_is_that_of_pytorch(tokens):
    """PyTorch's encoder layer, pre-norm with ReLU, from the same weights."""
    torch.manual_seed(3)
    ours = Transformer(11, d_model=24, heads=3, mlp=40, layers=1, length=9)
    theirs, layer = nn.TransformerEncoderLayer(24, 3, 40, dropout=0, batch_first=True, norm_first=True), ours.layers[0]
    with torch.no_grad():
        for their, our in ((theirs.self_attn.in_proj_weight, layer["attention"].read.weight),
                           (theirs.self_attn.in_proj_bias, layer["attention"].read.bias),
                           (theirs.self_attn.out_proj.weight, layer["attention"].write.weight),
                           (theirs.self_attn.out_proj.bias, layer["attention"].write.bias),
                           (theirs.linear1.weight, layer["up"].weight), (theirs.linear1.bias, layer["up"].bias),
                           (theirs.linear2.weight, layer["down"].weight), (theirs.linear2.bias, layer["down"].bias)):
            their.copy_(our)
        first = ours.token(tokens) + ours.position.weight[:8]
        expected = ours.unembed(theirs(first, src_mask=nn.Transformer.generate_square_subsequent_mask(8)))
        torch.testing.assert_close(ours(tokens), expected, rtol=1e-4, atol=1e-5)


def test_the_future_does_not_change_the_past(model, tokens):
    other = tokens.clone()
    other[:, 5:] = (other[:, 5:] + 1) % 11
    with torch.no_grad():
        before, after = model(tokens), model(other)
    torch.testing.assert_close(before[:, :5], after[:, :5])
    assert (before[:, 5:] - after[:, 5:]).abs().max() > 1e-3


def test_the_past_changes_the_future(model, tokens):
    other = tokens.clone()
    other[:, 0] = (other[:, 0] + 1) % 11
    with torch.no_grad():
        assert (model(tokens) - model(other))[:, -1].abs().max() > 1e-4


def test_the_stream_is_the_sum_of_its_pieces(model, tokens):
    pieces = {}
    with torch.no_grad():
        logits = model(tokens, pieces=pieces)
        stream = sum(piece for point, piece in pieces.items() if not point.startswith("neurons"))
        torch.testing.assert_close(model.unembed(stream), logits)
    assert list(pieces) == model.points
    assert pieces["neurons 1"].shape == (5, 8, 40) and (pieces["neurons 1"] >= 0).all()
    assert all(pieces[point].shape == (5, 8, 24) for point in model.points if not point.startswith("neurons"))


def test_a_change_at_any_point_reaches_the_output(model, tokens):
    with torch.no_grad():
        plain = model(tokens)
        for point in model.points:
            changed = model(tokens, change={point: lambda piece: piece + 1.5 * torch.randn(piece.shape[-1])})
            assert (plain - changed).abs().max() > 1e-3, point
            pieces = {}
            model(tokens, change={point: torch.zeros_like}, pieces=pieces)
            assert not pieces[point].any()
        torch.testing.assert_close(model(tokens, change={"mlp 0": lambda piece: piece}), plain)


def test_an_addition_to_the_stream_is_the_same_wherever_nothing_reads_between(model, tokens):
    push = torch.randn(24)
    with torch.no_grad():
        one = model(tokens, change={"token": lambda piece: piece + push})
        two = model(tokens, change={"position": lambda piece: piece + push})
    torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-5)


def test_attention_only(tokens):
    model = Transformer(11, d_model=24, heads=3, mlp=0, layers=2, length=9)
    assert model.points == ["token", "position", "attention 0", "attention 1"]
    assert model(tokens).shape == (5, 8, 11)


def test_it_learns(tokens):
    """To repeat the token before, which takes attention by position."""
    torch.manual_seed(4)
    model = Transformer(11, d_model=24, heads=2, mlp=0, length=9)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(150):
        x = torch.randint(11, (64, 8))
        loss = nn.functional.cross_entropy(model(x)[:, 1:].flatten(0, 1), x[:, :-1].flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert (model(tokens)[:, 1:].argmax(-1) == tokens[:, :-1]).float().mean() > 0.95


@pytest.mark.parametrize("bad", [
    lambda model: Transformer(11, d_model=25, heads=3),
    lambda model: model(torch.zeros(3, dtype=torch.long)),
    lambda model: model(torch.zeros(1, 10, dtype=torch.long)),
    lambda model: model(torch.zeros(1, 3, dtype=torch.long), change={"mlp 7": lambda piece: piece}),
])
def test_what_does_not_fit_gets_a_sentence(model, bad):
    with pytest.raises(CourseError, match=r"\.$"):
        bad(model)
