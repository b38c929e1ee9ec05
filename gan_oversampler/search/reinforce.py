"""The recurrent controller of Gong et al. (2019): an LSTM that chooses one by one and learns by REINFORCE."""

# T token, H hidden unit, N parameter, L choice of a token

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from gan_oversampler._utils import single_threaded
from gan_oversampler.nn.optimizers import Moments, adam
from gan_oversampler.nn.packed import Packed

N_HIDDEN: Final = 100  # units of the LSTM (the paper's)
FIRST_RANGE: Final = 0.1  # of the weights before training (the paper's)
BETAS: Final = (0.0, 0.9)  # of Adam (the paper's)
BASELINE_DECAY: Final = 0.9  # (the paper's)
ENTROPY_WEIGHT: Final = 1e-3  # (the paper's)
# NOTE[paper]: 3.5e-4, over some two thousand episodes. In 30 to 60 of them that leaves the choices as likely
# as they were at first.
RATE: Final = 0.01

Choose = Callable[[int, Tensor], int]
"""From the number of a token and the logarithms of its probabilities ``(L,)`` to the choice."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One walk through all tokens, and what it earned."""

    choices: tuple[int, ...]
    start_2H: Tensor  # hidden state and memory of the LSTM before the first token
    reward: float


@dataclass(frozen=True, slots=True)
class Walk:
    """What the LSTM has chosen, and how it saw its options on the way."""

    choices: tuple[int, ...]
    log_T: tuple[Tensor, ...]  # logarithms of all probabilities ``(L,)``, token by token
    end_2H: Tensor  # hidden state and memory after the last token

    @property
    def log_probability(self) -> Tensor:
        """Logarithm of the probability of all choices together."""
        return torch.stack([log_L[choice] for log_L, choice in zip(self.log_T, self.choices)]).sum()

    @property
    def entropy(self) -> Tensor:
        """Entropies of all tokens, summed up; the logarithm of the number of walks if all are as likely."""
        return torch.stack([-(log_L.exp() * log_L).sum() for log_L in self.log_T]).sum()


class Recurrent(Packed):
    """Shape of an LSTM cell with a linear decoder for each token; what was chosen last is its next input."""

    def __init__(self, sizes: Sequence[int], n_hidden: int = N_HIDDEN) -> None:
        self.sizes, self.n_hidden = tuple(sizes), n_hidden
        self.firsts = (0, *accumulate(sizes))  # positions of the tokens' choices in the embedding
        gates = (4 * n_hidden, n_hidden)
        decoders = [(n_hidden + 1, size) for size in sizes]  # the last row holds the biases
        self.shapes = [(sum(sizes), n_hidden), gates, gates, (2, 4 * n_hidden), *decoders]

    def init(self, generator: torch.Generator) -> Tensor:
        """Draw the parameters ``(N,)`` before training; all choices are then about as likely."""
        return torch.empty(self.n_parameters).uniform_(-FIRST_RANGE, FIRST_RANGE, generator=generator)

    def walk(self, flat_N: Tensor, start_2H: Tensor, choose: Choose) -> Walk:
        """Go through all tokens from a hidden state, with choices by a function of the probabilities."""
        parts = (part[0] for part in self.split(flat_N[None]))
        embedding, inputs, recurrence, biases, *decoders = parts
        h, memory = start_2H.split(1)
        x, logs, choices = torch.zeros_like(h), [], []
        for token, decoder in enumerate(decoders):
            h, memory = torch.lstm_cell(x, (h, memory), inputs, recurrence, *biases)
            logs.append((h @ decoder[:-1] + decoder[-1])[0].log_softmax(0))
            choices.append(choose(token, logs[-1]))
            x = embedding[self.firsts[token] + choices[-1]][None]
        return Walk(tuple(choices), tuple(logs), torch.cat([h, memory]))


@dataclass
class Reinforce:
    """An LSTM that learns from rewards: what earned more than the moving baseline becomes more likely.

    The loss of an episode is minus the logarithm of its probability times its advantage, and minus the
    weighted entropy of all tokens. Advantages are counted in moving standard deviations of the reward:
    its unit does not matter.

    Parameters
    ----------
    shape : Recurrent
        Tokens and hidden units.
    weights_N : Tensor
        Parameters; ``Reinforce.start`` draws them.
    rate : float, default=0.01
        Step size of Adam.
    entropy_weight : float, default=0.001
        Weight of the entropy, which keeps the choices open.

    References
    ----------
    Williams, "Simple statistical gradient-following algorithms", Machine Learning 8, 1992.

    Examples
    --------
    >>> learner = Reinforce.start(Recurrent([2, 3]), torch.Generator().manual_seed(0))
    >>> len(learner.sample(torch.zeros(2, 100), torch.Generator().manual_seed(1)))
    2
    """

    shape: Recurrent
    weights_N: Tensor
    rate: float = RATE
    entropy_weight: float = ENTROPY_WEIGHT
    moments: Moments = field(init=False)
    baseline: float = math.nan  # moving mean of the reward; NaN before the first one
    variance: float = math.nan  # moving mean of squared distances from it

    def __post_init__(self) -> None:
        self.moments = Moments.zeros(1, self.shape.n_parameters)

    @classmethod
    def start(cls, shape: Recurrent, generator: torch.Generator, **settings: float) -> Reinforce:
        """Make a learner whose parameters are drawn from a random stream."""
        return cls(shape, shape.init(generator), **settings)

    @torch.no_grad()
    def sample(self, start_2H: Tensor, generator: torch.Generator) -> tuple[int, ...]:
        """Draw the choices of all tokens."""
        with single_threaded():
            return self.shape.walk(
                self.weights_N,
                start_2H,
                lambda token, log_L: int(torch.multinomial(log_L.exp(), 1, generator=generator)),
            ).choices

    @torch.no_grad()
    def follow(self, choices: Sequence[int], start_2H: Tensor) -> Walk:
        """Go through all tokens with given choices, to see their probabilities and the state at the end."""
        with single_threaded():
            return self.shape.walk(self.weights_N, start_2H, lambda token, log_L: choices[token])

    def learn(self, episodes: Sequence[Episode]) -> None:
        """Take one step per episode, in their order; those whose reward is not finite are left out."""
        episodes = [episode for episode in episodes if math.isfinite(episode.reward)]
        if episodes and math.isnan(self.baseline):
            rewards = np.array([episode.reward for episode in episodes])
            self.baseline, self.variance = float(rewards.mean()), float(rewards.var())
        with single_threaded():
            for episode in episodes if self.shape.sizes else ():  # without tokens there is nothing to learn
                self._step(episode)

    def _step(self, episode: Episode) -> None:
        flat_N = self.weights_N.clone().requires_grad_()
        walk = self.shape.walk(flat_N, episode.start_2H, lambda token, log_L: episode.choices[token])
        # NOTE[paper]: Gong et al. add the entropy to the reward. Its own gradient has less noise.
        loss = -walk.log_probability * self._advantage(episode.reward) - self.entropy_weight * walk.entropy
        (gradient_N,) = torch.autograd.grad(loss, flat_N)
        step_1N, self.moments = adam(gradient_N[None], self.moments, BETAS)
        self.weights_N = self.weights_N - self.rate * step_1N[0]

    def _advantage(self, reward: float) -> float:
        """How many standard deviations a reward lies above the baseline; both move on."""
        distance, keep = reward - self.baseline, BASELINE_DECAY
        self.variance = keep * self.variance + (1 - keep) * distance**2
        self.baseline = keep * self.baseline + (1 - keep) * reward
        return distance / math.sqrt(self.variance) if self.variance > 0 else 0.0

    def state(self) -> dict[str, Any]:
        """Everything that learning changes, as numbers and arrays."""
        # The first moments, whose decay is 0, are forgotten by every step.
        tensors = {
            "weights": self.weights_N,
            "second": self.moments.second_PN,
            "decay": self.moments.decay_P2,
        }
        arrays = {name: tensor.numpy().copy() for name, tensor in tensors.items()}
        return {**arrays, "baseline": self.baseline, "variance": self.variance}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from the numbers of another learner of the same shape."""
        self.weights_N, second_PN, decay_P2 = (torch.tensor(state[n]) for n in ("weights", "second", "decay"))
        self.moments = Moments(torch.zeros_like(second_PN), second_PN, decay_P2)
        self.baseline, self.variance = state["baseline"], state["variance"]
