"""Coloured shapes: what is drawn, fast training against the plain loop, memorisers, measures, figures."""
import ast
import json
import pathlib

import numpy as np
import pytest
import torch
from torch import nn

from course import CourseError, plots, shapes
from course.style import plural, said
from course.threads import one_thread

IMAGES = shapes.all_pairs(300, seed=1)
NEW = shapes.draw("purple", "triangle", 100, seed=2)
HELD = IMAGES.are("purple", "triangle")
SEEN = IMAGES.where(~HELD)


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
    """The network that is trained ten times side by side, in plain PyTorch."""

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
    networks, all_new = shapes.train(SEEN), shapes.all_pairs(30, seed=5)
    alone = [plain(SEEN, seed) for seed in range(6)]
    for new, within in ((NEW, 0.15), (all_new, 0.03)):
        theirs = np.mean([share([s.argmax(1) for s in net(torch.tensor(new.pixels))], new) for net in alone])
        assert networks.right(new).mean() == pytest.approx(theirs, abs=within)


def test_nothing_to_train_on_gets_a_sentence():
    with pytest.raises(CourseError, match="every image is held out"):
        shapes.train(IMAGES.where(IMAGES.colour > 3))


def test_training_leaves_the_number_of_threads_alone():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        shapes.train(IMAGES, seeds=1, steps=1)
        assert torch.get_num_threads() == 3
        with pytest.raises(CourseError):
            shapes.train(IMAGES.where(IMAGES.colour > 3))
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


def right(colour, *without, grey=0.0):
    """(10,) share of triangles of a colour with both answers right, for networks without them and more triangles."""
    images = shapes.all_pairs(300, 1, grey)
    held = np.any([images.are(one, "triangle") for one in (colour, *without)], axis=0)
    return shapes.train(images.where(~held)).right(shapes.draw(colour, "triangle", 100, 2, grey)).mean(axis=1)


def test_what_composes_and_on_what_it_rests():
    assert right("purple").mean() > 0.6 and right("purple", "green").mean() > 0.6
    assert right("purple", "red").mean() < 0.1 and right("purple", "blue").mean() < 0.1
    for k in (1, 15):
        colour, shape = shapes.recall(SEEN, NEW.pixels, k)
        assert (colour == 2).mean() > 0.9 and (shape == 0).mean() < 0.1
    networks = shapes.train(IMAGES.where(~IMAGES.are("red", "triangle")))
    known = shapes.all_pairs(25, seed=2)
    assert networks.right(known.where(~known.are("red", "triangle"))).mean() > 0.95
    red, shape = networks.answers(shapes.draw("red", "triangle", 100, seed=2).pixels)
    assert (red == 0).mean() > 0.99 and (shape == 0).mean() < 0.05  # the colour every time, the shape never


def test_grey_makes_all_triangles_compose_and_too_much_of_it_none():
    for colour in shapes.COLOURS:
        assert right(colour, grey=0.4).mean() > 0.55 and right(colour, grey=0.8).mean() < 0.45
    images, new = shapes.all_pairs(300, 1, 0.8), shapes.draw("red", "triangle", 100, 2, 0.8)
    said, shape = shapes.train(images.where(~images.are("red", "triangle"))).answers(new.pixels)
    assert (said == 0).mean() < 0.4 and (shape == 0).mean() > 0.9  # with too much of it the colour is wrong


def test_a_red_and_a_blue_step_make_a_grey_triangle_purple():
    images, some = shapes.all_pairs(300, 1, 0.4), shapes.all_pairs(100, 3, 0.4)
    some, networks = some.where(some.colour != 2), shapes.train(images.where(~images.are("purple", "triangle")))
    red, blue = (shapes.direction(networks.hidden(some.pixels), some.colour == k)[:, None] for k in (0, 1))
    h = networks.hidden(shapes.draw("grey", "triangle", 100, seed=5).pixels)
    for step, wanted in ((0 * red, 3), (red, 0), (blue, 1), (red + blue, 2)):
        colour, shape = networks.read(h + step)
        assert ((colour == wanted) & (shape == 0)).mean() > 0.7
    other = np.random.default_rng(0).normal(size=red.shape)
    other *= np.linalg.norm(red + blue, axis=-1, keepdims=True) / np.linalg.norm(other, axis=-1, keepdims=True)
    colour, shape = networks.read(h + other)
    assert (colour == 2).mean() < 0.2 and (shape == 0).mean() > 0.9  # no purple, but the shape stays here too


def test_every_network_has_a_blue_direction_and_only_some_have_a_blue_neuron():
    painted, first, second = shapes.all_pairs(300, 1, 0.4), shapes.all_pairs(100, 3, 0.4), shapes.all_pairs(100, 4, 0.4)
    networks = shapes.train(painted.where(painted.colour != 2))
    h, new = (networks.hidden(images.pixels)[:, images.colour != 2] for images in (first, second))
    colour, shape = first.colour[first.colour != 2], first.shape[first.colour != 2]
    blue, found = colour == 1, []
    for one, other in zip(h, new, strict=True):
        best = other[:, shapes.auc(one[blue], one[~blue]).argmax()]
        judged = np.stack([other @ shapes.direction(one, blue), best], axis=1)
        found.append(shapes.auc(judged[blue], judged[~blue]))
        # Colour is much of what varies, so a direction from shuffled labels sorts the colours too; it is not most.
        assert 0.25 < np.average(shapes.explained(other, colour), weights=other.var(0)) < 0.5
        assert 0.25 < np.average(shapes.explained(other, shape), weights=other.var(0)) < 0.55
    direction, neuron = np.transpose(found)
    assert (direction > 0.98).all() and 0 < (neuron >= 0.95).sum() < 10


def test_measures():
    assert shapes.auc([3, 4], [1, 2]) == 1 and shapes.auc([1, 2], [3, 4]) == 0 and shapes.auc([1, 1], [1]) == 0.5
    assert shapes.auc(np.array([[3, 0], [4, 0]]), np.array([[1, 1], [2, 0]])).tolist() == [1, 0.25]
    labels = np.array([0, 0, 1, 1])
    np.testing.assert_allclose(shapes.explained(np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]]), labels), [1, 0])
    h = np.array([[2.0, 0], [4, 2], [1, 1], [3, 1], [2, 4]])
    np.testing.assert_allclose(shapes.direction(np.stack([h, 2 * h]), np.arange(5) < 2), [[1, -1], [2, -2]])


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


def test_planes_show_an_image_and_its_three_numbers():
    images = np.zeros((1, 2, 2, 3))
    images[0, 0, 1] = 1, 0, 0.5
    fig = plots.planes(images, ["a"])
    sheet = np.asarray(fig.data[0].z)
    assert [sheet[0, 3 * k + 1].tolist() for k in range(4)] == [[255, 0, 128], [255] * 3, [0] * 3, [128] * 3]
    assert "red<br>numbers" in fig.layout.xaxis.ticktext and said(fig)


def test_strips_hold_the_numbers_and_say_them():
    fig = plots.strips({"a": [0.2, 0.4], "b": 1.0}, at=0.5)
    assert list(fig.data[1].x) == [0.2, 0.4] and list(fig.data[0].x) == pytest.approx([0.3, 0.3])
    assert fig.layout.shapes[0].x0 == 0.5 and fig.data[1].marker.symbol != fig.data[3].marker.symbol
    assert said(fig).startswith("a 0.30 (0.20 to 0.40); b 1.00. A bar is")


def test_answers_are_counted_together_and_alone():
    images = shapes.draw("purple", "square", 4)
    fig = plots.answered({"one": ([2, 2, 2, 0], [1, 1, 0, 1]), "two": (np.full((3, 4), 2), np.zeros((3, 4)))}, images)
    assert list(fig.layout.yaxis.ticktext)[:3] == ["one: both right", "one: colour", "one: shape"]
    assert [list(fig.data[2 * k + 1].x) for k in range(6)] == [[0.5], [0.75], [0.75], [0] * 3, [1] * 3, [0] * 3]


def test_a_table_of_shares_and_of_answers():
    fig = plots.shares([[0.25, np.nan]], ["a"], ["x", "y"])
    assert list(fig.data[0].text[0]) == ["0.25", ""] and said(fig) == "From 0.25 to 0.25, and 0.25 on average."
    fig = plots.named([[0, 1], [1, 1]], [[1, 0], [0, 1]], "ab", "xy")
    assert np.asarray(fig.data[0].z).tolist() == [[0, 0.25], [0.5, 0.25]]
    assert said(fig) == "Named most often: b x, 0.50."
