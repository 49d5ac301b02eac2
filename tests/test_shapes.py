"""Coloured shapes: what is drawn, fast training against the plain loop, memorisers, measures, figures."""
import ast
import json
import pathlib

import numpy as np
import pytest
import torch
from torch import nn

from course import CourseError, plots, shapes
from course.style import plural
from course.threads import one_thread

IMAGES = shapes.all_pairs(300, seed=1)
NEW = shapes.draw("purple", "triangle", 100, seed=2)
HELD = IMAGES.are("purple", "triangle")


def test_purple_is_red_plus_blue():
    assert (shapes.RGB["purple"] == shapes.RGB["red"] + shapes.RGB["blue"]).all()
    for colour in shapes.COLOURS:
        middle = shapes.draw(colour, "square", 200).pixels.reshape(200, 12, 12, 3)[:, 5:7, 5:7].mean((0, 1, 2))
        np.testing.assert_allclose(middle, shapes.RGB[colour], atol=0.06)


def test_images_are_seeded_labelled_and_of_equal_area():
    one, again, other = (shapes.draw("red", "cross", 50, seed) for seed in (3, 3, 4))
    assert (one.pixels == again.pixels).all() and (one.pixels != other.pixels).any()
    assert one.pixels.shape == (50, 432) and one.pixels.dtype == np.float32
    assert one.pixels.min() >= 0 and one.pixels.max() <= 1
    assert len(IMAGES) == 4800 and np.bincount(IMAGES.pair()).tolist() == [300] * 16
    assert IMAGES.are("blue", "circle").sum() == 300 and (IMAGES.pair()[IMAGES.are("blue", "circle")] == 6).all()
    red = {shape: shapes.draw("red", shape, 400).pixels.reshape(400, 144, 3) for shape in shapes.SHAPES}
    areas = [(image[..., 0] - image[..., 1]).sum(1).mean() for image in red.values()]
    assert max(areas) < 1.05 * min(areas)  # nobody can tell a shape by its area


def test_grey_paints_every_colour_the_same_in_the_end():
    for colour in shapes.COLOURS:
        middle = shapes.draw(colour, "square", 100, grey=1.0).pixels.reshape(100, 12, 12, 3)[:, 5:7, 5:7]
        np.testing.assert_allclose(middle.mean((0, 1, 2)), 0.75, atol=0.03)
    assert (shapes.draw("grey", "circle", 3).colour == -1).all()


@pytest.mark.parametrize("colour, shape", [("pink", "circle"), ("red", "star")])
def test_what_cannot_be_drawn_gets_a_sentence(colour, shape):
    with pytest.raises(CourseError, match=r"^There is no .*\.$"):
        shapes.draw(colour, shape)


class TwoHeads(nn.Module):
    """As in the notebook."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(12 * 12 * 3, 64)
        self.colour, self.shape = nn.Linear(64, 4), nn.Linear(64, 4)

    def forward(self, pixels):
        h = torch.relu(self.hidden(pixels))
        return self.colour(h), self.shape(h)


@one_thread()
def plain(images, seed, steps=300):
    torch.manual_seed(seed)
    network = TwoHeads()
    optimiser = torch.optim.Adam(network.parameters(), lr=0.01)
    pixels, colour, shape = map(torch.tensor, (images.pixels, images.colour, images.shape))
    for _ in range(steps):
        some = torch.randint(len(pixels), (64,))
        colour_scores, shape_scores = network(pixels[some])
        loss = (nn.functional.cross_entropy(colour_scores, colour[some])
                + nn.functional.cross_entropy(shape_scores, shape[some]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network


def share(said, images):
    return ((np.asarray(said[0]) == images.colour) & (np.asarray(said[1]) == images.shape)).mean(-1)


def test_many_networks_at_once_learn_what_the_plain_loop_learns():
    networks, all_new = shapes.train(IMAGES, ~HELD, each=4500), shapes.all_pairs(30, seed=5)
    alone = [plain(IMAGES.where(~HELD), seed) for seed in range(6)]
    for new, within in ((NEW, 0.15), (all_new, 0.03)):
        ours = share(networks.answers(new.pixels), new).mean()
        theirs = np.mean([share([s.argmax(1) for s in net(torch.tensor(new.pixels))], new) for net in alone])
        assert ours == pytest.approx(theirs, abs=within)


def test_each_network_has_its_own_images_and_never_one_that_is_held_out():
    seen = np.stack([~HELD, IMAGES.colour != 2])
    networks = shapes.train(IMAGES, seen, seeds=2, steps=1, each=200)
    for own, mask in zip(networks.own, seen, strict=True):
        assert len(set(own)) == 200 and mask[own].all()
    with pytest.raises(CourseError, match="every image is held out"):
        shapes.train(IMAGES, np.zeros(len(IMAGES), bool), seeds=1, steps=1)


def test_training_leaves_the_number_of_threads_alone():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        shapes.train(IMAGES, seeds=1, steps=1)
        assert torch.get_num_threads() == 3
        with pytest.raises(CourseError):
            shapes.train(IMAGES, np.zeros(len(IMAGES), bool), seeds=1, steps=1)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_hidden_and_read_make_the_answers():
    networks = shapes.train(IMAGES, seeds=3, steps=20)
    h = networks.hidden(NEW.pixels)
    assert h.shape == (3, 100, 64) and (h >= 0).all()
    for one, other in zip(networks.read(h), networks.answers(NEW.pixels), strict=True):
        assert one.shape == (3, 100) and (one == other).all()


def test_memorisers():
    stored = shapes.Images(np.array([[0.0], [1], [1.1], [5]], np.float32), np.array([0, 1, 2, 2]),
                           np.array([3, 3, 2, 1]))
    colour, shape = shapes.recall(stored, np.array([[0.1], [4.0]], np.float32))
    assert colour.tolist() == [0, 2] and shape.tolist() == [3, 1]
    colour, shape = shapes.recall(stored, np.array([[0.9]], np.float32), k=4)
    assert (colour[0], shape[0]) == (2, 3)  # a pair that is not stored: voting apart can name one


def test_what_composes_and_on_what_it_rests():
    found = shapes.compose(IMAGES, ~HELD, NEW)
    assert all(right.shape == (3, 10) for right in found.values())
    assert (found["network"][2] > 0.5).all()
    assert (found["table"][2] == 0).all() and (found["vote"][2] < 0.1).all()
    assert (found["table"][0] > 0.9).all()
    for also, composes in (("red", False), ("blue", False), ("green", True)):
        networks = shapes.train(IMAGES, ~HELD & ~IMAGES.are(also, "triangle"))
        assert (share(networks.answers(NEW.pixels), NEW).mean() > 0.5) == composes
    red = shapes.draw("red", "triangle", 100, seed=2)
    assert (shapes.compose(IMAGES, ~IMAGES.are("red", "triangle"), red)["network"][2] < 0.05).all()


def test_composition_over_all_pairs():
    pure, painted = shapes.composition(0.0, 15), shapes.composition(0.4, 15)
    assert pure.network.shape == pure.vote.shape == (4, 4) and pure.by_network.shape == (16,)
    assert (pure.network[[0, 1, 3]] < 0.1).all() and pure.network[2].mean() > 0.5  # only purple
    assert painted.network.mean() > 0.6 and painted.vote.mean() < 0.15
    assert min(pure.seen, painted.seen) > 0.95
    assert shapes.composition(0.4, 4).by_network.mean() < 0.1  # a colour and its shape were never apart


@pytest.mark.parametrize("count", range(4, 16))
def test_every_colour_and_shape_is_seen(count):
    seen = shapes.choose_pairs(count, 20).reshape(20, 4, 4)
    assert (seen.sum((1, 2)) == count).all() and seen.any(1).all() and seen.any(2).all()


@pytest.mark.parametrize("count", [3, 16])
def test_too_few_or_too_many_pairs_get_a_sentence(count):
    with pytest.raises(CourseError, match="4 to 15 can be seen"):
        shapes.choose_pairs(count, 2)


def test_measures():
    assert shapes.auc([3, 4], [1, 2]) == 1 and shapes.auc([1, 2], [3, 4]) == 0 and shapes.auc([1, 1], [1]) == 0.5
    assert shapes.auc(np.array([[3, 0], [4, 0]]), np.array([[1, 1], [2, 0]])).tolist() == [1, 0.25]
    labels = np.array([0, 0, 1, 1])
    np.testing.assert_allclose(shapes.explained(np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]]), labels), [1, 0])
    on, off = np.array([[2.0, 1], [4, 1]]), np.array([[1.0, 1], [1, 1]])
    np.testing.assert_allclose(shapes.reading([[1, 9], [3, 1], [2, 0]], on, off), [0, 1, 0.5])


# Sentences and labels

def test_several_of_a_shape_have_a_name():
    assert [plural(shape) for shape in shapes.SHAPES] == ["triangles", "squares", "circles", "crosses"]


def code_cells():
    for path in sorted((pathlib.Path(shapes.__file__).parent.parent / "notebooks").rglob("*.ipynb")):
        if ".ipynb_checkpoints" not in path.parts:
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
                if cell["cell_type"] == "code":
                    yield path.name, "".join(cell["source"])


def test_no_cell_makes_a_plural_or_a_second_name_by_hand():
    """“Red crosss” came from adding an s; “its colour alone ”, with a space, was the same name for a second row."""
    for name, source in code_cells():
        assert "{shape}s" not in source, name
        nodes = list(ast.walk(ast.parse(source)))
        inside = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
        texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)
                 and id(node) not in inside}
        assert not [text for text in texts if text.strip() and text != text.rstrip() and text.rstrip() in texts], name


# Figures

def test_gallery_shows_each_image_in_its_place():
    images = np.zeros((2, 3, 4, 4, 3))
    images[1, 2] = 1, 0, 0
    fig = plots.gallery(images, ["a", "b"], ["x", "y", "z"])
    sheet = np.asarray(fig.data[0].z)
    assert sheet.shape == (9, 14, 3) and (sheet[5:, 10:] == [255, 0, 0]).all() and (sheet[:4, :4] == 0).all()
    assert list(fig.layout.xaxis.ticktext) == ["x", "y", "z"] and list(fig.layout.yaxis.tickvals) == [1.5, 6.5]


def test_strips_shares_and_readings_hold_the_numbers():
    fig = plots.strips({"a": [0.2, 0.4], "b": [1.0]}, at=0.5)
    assert list(fig.data[0].x) == [0.2, 0.4] and list(fig.data[1].x) == pytest.approx([0.3, 0.3])
    assert fig.layout.shapes[0].x0 == 0.5 and fig.data[0].marker.symbol != fig.data[2].marker.symbol
    fig = plots.shares([[0.25, np.nan]], ["a"], ["x", "y"])
    assert list(fig.data[0].text[0]) == ["0.25", ""]
    fig = plots.readings({"red": ([1, 2], [0, 0]), "blue": ([0], [1])})
    assert [trace.name for trace in fig.data] == ["red", "blue"] and list(fig.data[0].x) == [1, 2]
    assert fig.data[0].marker.symbol != fig.data[1].marker.symbol
