"""The GANs that are trained where the user names none."""

from typing import Final

from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.parts import Critic, Generator

# The robust default comes first; others have to be better by more than their scores scatter.
PORTFOLIO: Final = ("smoothed_bootstrap", "smote", "border", "local_gaussian", "star")
MAX_ROWS_WITH_CRITIC: Final = 50  # of the rarest class: beyond, a critic adds nothing to utility
PORTFOLIO_STEPS: Final = 80  # of training, and between two scorings
PORTFOLIO_UNIT: Final = 20


def default_portfolio(n_rows: int, fidelity: float | None = None) -> list[GAN]:
    """GANs that ``gan=None`` stands for: a guided generator beside bases that stay untrained.

    ``n_rows`` is the size of the rarest class that is learned; beyond ``MAX_ROWS_WITH_CRITIC`` of them the
    generator has no critic. ``fidelity`` is the weight of the loss term of that name; None is the family's.

    >>> default_portfolio(n_rows=20, fidelity=0.5)[0].active_terms
    {'utility': 1.0, 'adversarial': 0.1, 'fidelity': 0.5}
    """
    weights = dict(FAMILIES["guided"].loss_weights)
    if n_rows > MAX_ROWS_WITH_CRITIC:
        weights["adversarial"] = 0.0
    if fidelity is not None:
        weights["fidelity"] = float(fidelity)
    # 80 steps of 2.5 times the usual size score as 200 do; averages then forget 2.5 times as fast.
    generator = Generator(widths=(32,), learning_rate=5e-3, geometry_rate=0.075, ema=0.95)
    critic = Critic(learning_rate=2.5e-3)
    guided = GAN("guided", base=PORTFOLIO[0], loss_weights=weights, generator=generator, critic=critic)
    return [guided, *(GAN(base=base, loss_weights={}) for base in PORTFOLIO)]
