"""The exercises of notebook 09. torch is loaded when one of them is used."""
from __future__ import annotations

from . import Exercise, summing


def _setup() -> dict:
    import torch

    return dict(torch=torch)


def _draw(*shape, seed=0):
    import torch

    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _samples():
    """x, neurons, mean: even and odd numbers of neurons, none to spare, and more than are needed."""
    return [(_draw(3, 4, seed=91), 4, 0.25), (_draw(2, 5, seed=92), 5, 0.1), (_draw(4, 3, seed=93), 6, 0.5),
            (_draw(2, 3, seed=94), 1, 0.3)]


_PLAN = "y = torch.full_like(x, mean); k = neurons // 2; y[:, :k] = torch.relu(x[:, :k]) + torch.relu(-x[:, :k]); y"
plan = Exercise(
    stub="def plan(x, neurons, mean):\n    ...",
    solution_source=_PLAN,
    cases=_samples,
    mistakes={
        "neurons // 2 -> neurons": "This serves a feature with every neuron. How many neurons does one |x| take?",
        "torch.full_like(x, mean) -> torch.zeros_like(x)": "Features without neurons get 0 here. The constant that "
                                                          "costs least is `mean`.",
        " + torch.relu(-x[:, :k]) -> ": "This is right where x is positive. The other neuron of the pair takes the "
                                        "other side.",
        "torch.relu(x[:, :k]) +  -> ": "This is right where x is negative. The other neuron of the pair takes the "
                                       "other side.",
        ") + torch.relu( -> ) - torch.relu(": "This is x again. Both sides of |x| count upward: add the two.",
        "torch.relu(x) + torch.relu(-x)": "This answers every feature. There are neurons for half as many features as "
                                          "there are neurons.",
        "torch.full_like(x, mean)": "This is the mean for every feature. The neurons are not used yet.",
        "y = torch.full_like(x, mean); k = neurons // 2; y[:k] = torch.relu(x[:k]) + torch.relu(-x[:k]); y":
            "This serves the first samples. Features are columns: `y[:, :k]`.",
        "y = torch.full_like(x, mean); k = neurons // 2; y[:, :k] = torch.relu(x[:, :k]) + torch.relu(-x[:, :k]) + "
        "mean; y": "The features with neurons are exact already. The mean is for the others.",
        "y = torch.full_like(x, mean); k = neurons // 2; y[:, :k] = torch.relu(x[:, :k] + -x[:, :k]); y":
            "x + (−x) is 0. Each of the two neurons has a ReLU of its own.",
    },
    shows="With this plan no two features share a neuron. It leaves three quarters of the features without any, when "
          "there are half as many neurons as features.",
    hints=("One ReLU can be x where x is positive, another −x where it is negative: relu(x) + relu(−x) is |x|.",
           "So there are `k = neurons // 2` features with a pair, and the columns from `k` on get the mean.",
           "Start with `y = torch.full_like(x, mean)`, fill `y[:, :k]`, and return `y`."),
    setup=_setup, difficulty="easy", minutes=5,
)


def _cosines():
    """read, write (latents, neurons)."""
    import torch

    one = torch.tensor([[0.9, 0.2, 0.6], [0.3, 0.8, 0.5]]), torch.tensor([[0.1, 0.7, 0.5], [0.6, 0.4, 0.9]])
    return [one, (_draw(5, 3, seed=99).tanh(), _draw(5, 3, seed=100).tanh())]


both = Exercise(
    stub="def both(read, write):\n    ...",
    solution_source="torch.minimum(read, write).max(dim=0).values",
    cases=_cosines,
    mistakes={
        "torch.minimum(read.max(dim=0).values, write.max(dim=0).values)":
            "Here one latent may read as the neuron does, and another may write as it does. One latent has to do both.",
        "minimum -> maximum": "With the larger cosine one side is enough. Both sides should be alike.",
        "dim=0 -> dim=1": "This gives a number for each latent. One for each neuron is asked for: `dim=0`.",
        ".max(dim=0).values -> ": "This has a number for every pair. For each neuron the best latent is asked for.",
        ".values -> .indices": "This is which latent it is. How alike is it?",
        "torch.minimum(read, write) -> (read * write)": "A product is large too where both are negative. Take the "
                                                        "smaller of the two.",
        "torch.minimum(read, write) -> ((read + write) / 2)": "In a mean one side can make up for the other. Take the "
                                                              "smaller of the two.",
        "torch.minimum(read, write) -> read": "What the latent writes should count as well.",
        "torch.minimum(read, write) -> write": "What the latent reads should count as well.",
        "torch.minimum(read, write).max(dim=0).values -> torch.minimum(read, write).mean(dim=0)":
            "This is the mean over all latents. One good latent is enough.",
        "torch.minimum(read, write).max(dim=0).values -> torch.minimum(read, write).max()":
            "This is the best of all neurons. Each has its own: `dim=0`.",
    },
    shows="A latent replaces a neuron only if it looks for the same and writes the same. One side "
          "alone can be a coincidence of directions.",
    hints=("A pair is as alike as the smaller of its two cosines: `torch.minimum(read, write)`.",
           "That is (latents, neurons). For each neuron the best latent is the largest of its column.",
           "`.max(dim=0).values`."),
    setup=_setup, difficulty="easy", minutes=4,
)

summary = summing(__name__, "09")
