"""The exercise of notebook 09. torch is loaded when it is used."""
from __future__ import annotations

from . import Exercise, summing


def _setup() -> dict:
    import torch

    return dict(torch=torch)


def _draw(*shape, seed=0):
    import torch

    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


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
           "That is (latents, neurons). Each neuron wants its best latent: the largest of its column.",
           "`.max(dim=0).values`."),
    setup=_setup, difficulty="easy", minutes=4,
)

summary = summing(__name__, "09")
