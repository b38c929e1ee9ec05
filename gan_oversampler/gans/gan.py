"""What one GAN of the population is: a value, settable like any scikit-learn parameter."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any, ClassVar, Final

from sklearn.base import BaseEstimator, clone
from sklearn.utils._param_validation import Interval, StrOptions

from gan_oversampler._utils import lookup
from gan_oversampler.gans.evolution import Evolution
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.losses import LOSSES, PENALTIES
from gan_oversampler.gans.stream_names import plain
from gan_oversampler.gans.utility import OBJECTIVES
from gan_oversampler.gans.validation import CHECKS
from gan_oversampler.nn.image_grid import Grid
from gan_oversampler.nn.latent import LATENTS
from gan_oversampler.nn.optimizers import OPTIMIZERS
from gan_oversampler.nn.packed import ACTIVATIONS
from gan_oversampler.sampling.base_samplers import BASES

_FRACTION = Interval(Real, 0, 1, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")
_COUNT = Interval(Integral, 1, None, closed="left")

REGISTRIES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "family": FAMILIES,
        "base": BASES,
        "loss": LOSSES,
        "penalty": {"auto": None, **PENALTIES},
        "objective": {"auto": None, **OBJECTIVES},
        "latent_law": LATENTS,
        "activation": ACTIVATIONS,
        "critic_activation": ACTIVATIONS,
        "optimizer": OPTIMIZERS,
        "critic_optimizer": OPTIMIZERS,
    }
)
APART: Final = ("base", "replicas")  # parameters that change no shape


class GAN(BaseEstimator):
    """Specification of a GAN; :class:`GANOversampler` trains it.

    Parameters
    ----------
    family : {"residual", "classic", "guided"}, default="residual"
        ``residual`` corrects rows drawn from ``base`` and is that base until trained; ``classic`` maps
        noise and label to a row, as in AutoGAN's reference code (Nazari et al. 2023); untrained it is scored,
        but never kept. ``guided`` also learns the geometry under the correction: how far new rows lie
        from a real one, toward its friends and toward rows of any class, and which real rows are taken; it
        is pulled by held-out utility.
    base : str, default="smote"
        Geometric sampler under a residual generator: ``bootstrap``, ``smoothed_bootstrap``, ``smote``,
        ``local_gaussian``, ``border``, ``star`` or ``translation``. Classes with too few rows to learn
        from are drawn from it, whatever the family.
    loss : str, default="relativistic"
        ``bce`` (non-saturating), ``least_squares``, ``hinge``, ``wgan_gp`` or ``relativistic``; or an
        f-divergence (Nowozin et al. 2016): ``kl``, ``reverse_kl``, ``jensen_shannon``, ``gan``, ``pearson``,
        ``hellinger`` or ``total_variation``, each also with ``_saturating`` for the generator's original
        objective; or a game with an autoencoder as critic, that tells real rows by how well it reconstructs
        them: ``ebgan`` (Zhao et al. 2017, with its pulling-away term) or ``began`` (Berthelot et al. 2017).
        The narrowest hidden layer of an autoencoder is its code.
    diversity_ratio : float, default=0.5
        Of ``began``: error of new rows, as a share of that of real ones, that its control holds. Less of it
        makes new rows more typical and less diverse.
    penalty : str, default="auto"
        ``none``, ``gradient`` (WGAN-GP), ``r1_r2``, or ``auto`` for the one that belongs to the loss.
    penalty_weight : float, default=None
        None takes the weight usual for the penalty.
    forces : mapping of str to float, default=None
        Weights of what pulls the generator: ``adversarial`` (a critic that tells it from real rows) and,
        in the guided family, ``utility`` (how well a learner with a closed form does on held-out rows
        after it studied the new ones). None is utility with a tenth of the critic for guided GANs, the
        critic alone for the others. Without any force the generator stays untrained.
    objective : {"auto", "f1", "g_mean", "average_precision", "log_loss"}, default="auto"
        Smooth score that utility means in the guided family; ``auto`` is the one nearest to the oracle's.
    classes : {"targets", "all"}, default="targets"
        Whether the GAN learns the classes to be oversampled only, or all of them.
    balanced : bool, default=True
        Whether the critic's batches hold all classes in equal shares; otherwise in the shares of the rows,
        as in AutoGAN's reference code. The generator's batches always are balanced, and so are both of a
        guided GAN.
    widths, critic_widths : tuple of int, default=(64, 64) and None
        Hidden units per layer; None gives the critic the generator's widths. With a ``grid`` channels per
        layer, each of which doubles the sides of the grid, or halves them in the critic; None then is the
        generator's widths in reverse.
    grid : None, (int, int) or "square", default=None
        Height and width of the grid that the columns form, row by row, such as ``(28, 28)`` for the pixels
        of an image; networks then are convolutional. ``"square"`` is as high as wide. All columns must hold
        numbers. Cells that are constant are fed as zero and not generated.
    latent : int, default=8
        Length of the noise vector.
    conditioning : {"concat", "multiply"}, default="concat"
        How the class enters: appended, or as an embedding that multiplies the input.
    latent_law : {"normal", "uniform"}, default="normal"
        Law of the noise: standard normal, or uniform between -1 and 1.
    activation, critic_activation : str, default="leaky_relu" and None
        ``leaky_relu``, ``relu``, ``elu``, ``silu`` or ``tanh``; None gives the critic the generator's.
    slope : float, default=0.2
        Of ``leaky_relu`` below zero.
    batch_norm : bool, default=False
        Batch normalisation after each hidden layer of the generator.
    norm_momentum : float, default=0.8
        Share of the running statistics of batch normalisation that a batch leaves as it is.
    critic_norm : {"none", "batch", "layer"}, default="none"
        Normalisation after each hidden layer of the critic: of every unit over the batch, or of every row
        over the units. A penalty, which looks at the slope of each row, does not go with batches.
    separate_batches : bool, default=False
        Whether real and new rows are shown to the critic in batches of their own, as folklore has it,
        instead of a joint one; only possible with ``critic_norm="batch"``, because nothing else could tell.
    critic_dropout : float, default=0.0
        Share of critic units silenced after each hidden layer but the first.
    reach : float, default=0.5
        Largest correction of a value by a residual generator, in class standard deviations.
    batch_size : int, default=64
        Rows per step; rounded up to a multiple of 32 so that members never share a SIMD lane.
    critic_steps : int, default=1
        Critic updates per generator update.
    learning_rate, critic_learning_rate : float, default=None and 1e-3
        Adam step sizes. None is 2e-3 for guided GANs and 2e-4 for the others, whose generator is slower
        than the critic on purpose.
    geometry_rate : float, default=0.03
        Adam step size of the geometry that a guided GAN learns.
    optimizer, critic_optimizer : {"adam", "rmsprop", "sgd"}, default="adam" and None
        None gives the critic the generator's.
    betas, critic_betas : tuple of float, default=(0.0, 0.99) and None
        Decay rates of ``adam``; ``rmsprop`` takes the second one, ``sgd`` the first one as its momentum.
    critic_clip : float, default=None
        Largest weight of the critic, in absolute value (Arjovsky et al. 2017); None clips nothing.
    label_smoothing : float, default=0.0
        How far the critic's targets are moved toward those of the other side; 0.1 makes targets of
        cross-entropy 0.9 and 0.1.
    label_noise : float, default=0.0
        Share of pairs of a real and a new row that are shown to the critic with swapped labels.
    ema : float, default=0.98
        Decay per step of the averaged generator weights that are scored and kept; 0 keeps the last.
    evolution : Evolution, default=None
        Generators that have children by several objectives, of which the fittest go on (E-GAN, Wang et al.
        2019); needs ``loss="bce"``. None trains a single one.
    replicas : int, default=None
        Generators trained on all rows, from different seeds; new rows come from all of them in equal shares,
        because an average errs less. Scores are those of a single one. None is 3 for guided GANs and 1 for
        the others.
    controllers : tuple of str, default=()
        Feedback loops between critic and generator; each member has its own, and their decisions are in
        ``report_.events``. All need the critic, that is, the force ``adversarial``.

        ``gap`` moves the critic's rate by a factor from 0.1 to 2, so that its loss stays near its value at
        equilibrium (Hazimeh & Ponomareva 2023; band and smoothing as there); not every loss has one.
        ``two_time_scale`` slows the generator, to a quarter at most, while its loss changes faster than the
        critic's (Heusel et al. 2017, with the signal of Ouyang & Agam 2021).
        ``pacing`` takes one critic step away where the critic is right about more than 80 % of the rows, and
        adds one below 55 %, between 0 and 5 (or ``critic_steps``, if more) and at most every ten steps; a
        critic at rest wakes in the middle of that band.
        ``ada`` jitters rows and swaps values and categories before the critic sees them, more often while it
        is right about more than 80 % of the real ones (Karras et al. 2020: target .6, changes every 4
        steps, at most .8; 0.02 per step, because trainings here are short). ``apa`` shows it generated rows
        instead of real ones by the same law (Jiang et al. 2021). ``r1`` moves the weight of the penalty by
        a factor from 0.1 to 10, with the same signal and target.
        ``fade`` lets the force of the critic in over the first 20 steps, and out as far as it is right about
        more than 80 % of the real rows: at 100 % nothing is to be learnt from it.
        ``reset`` begins a member anew when neither loss has moved for 50 steps (Gong et al. 2019: variance
        below 1e-3) although the critic's is far from its equilibrium. ``collapse`` counts a scoring as
        failed, and takes the GAN back to its best state at half the rates, if new rows have less than a
        tenth of the variance, or half of the variety, of real ones.

    Examples
    --------
    >>> GAN(base="border", widths=(32,)).set_params(loss="hinge")
    GAN(base='border', loss='hinge', widths=(32,))
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "family": [str],
        "base": [str],
        "loss": [str],
        "diversity_ratio": [Interval(Real, 0, 1, closed="both")],
        "penalty": [str],
        "penalty_weight": [Interval(Real, 0, None, closed="left"), None],
        "forces": [Mapping, None],
        "objective": [str],
        "classes": [StrOptions({"targets", "all"})],
        "balanced": ["boolean"],
        "widths": [tuple, list],
        "critic_widths": [tuple, list, None],
        "grid": [tuple, list, StrOptions({"square"}), None],
        "latent": [_COUNT],
        "conditioning": [StrOptions({"concat", "multiply"})],
        "latent_law": [str],
        "activation": [str],
        "critic_activation": [str, None],
        "slope": [_FRACTION],
        "batch_norm": ["boolean"],
        "norm_momentum": [_FRACTION],
        "critic_norm": [StrOptions({"none", "batch", "layer"})],
        "separate_batches": ["boolean"],
        "critic_dropout": [_FRACTION],
        "reach": [_POSITIVE],
        "batch_size": [_COUNT],
        "critic_steps": [_COUNT],
        "learning_rate": [_POSITIVE, None],
        "critic_learning_rate": [_POSITIVE],
        "geometry_rate": [_POSITIVE],
        "optimizer": [str],
        "critic_optimizer": [str, None],
        "betas": [tuple, list],
        "critic_betas": [tuple, list, None],
        "critic_clip": [_POSITIVE, None],
        "label_smoothing": [_FRACTION],
        "label_noise": [_FRACTION],
        "ema": [_FRACTION],
        "evolution": [Evolution, None],
        "replicas": [_COUNT, None],
        "controllers": [tuple, list],
    }

    def __init__(
        self,
        family: str = "residual",
        *,
        base: str = "smote",
        loss: str = "relativistic",
        diversity_ratio: float = 0.5,
        penalty: str = "auto",
        penalty_weight: float | None = None,
        forces: Mapping[str, float] | None = None,
        objective: str = "auto",
        classes: str = "targets",
        balanced: bool = True,
        widths: tuple[int, ...] = (64, 64),
        critic_widths: tuple[int, ...] | None = None,
        grid: Grid | None = None,
        latent: int = 8,
        conditioning: str = "concat",
        latent_law: str = "normal",
        activation: str = "leaky_relu",
        critic_activation: str | None = None,
        slope: float = 0.2,
        batch_norm: bool = False,
        norm_momentum: float = 0.8,
        critic_norm: str = "none",
        separate_batches: bool = False,
        critic_dropout: float = 0.0,
        reach: float = 0.5,
        batch_size: int = 64,
        critic_steps: int = 1,
        learning_rate: float | None = None,
        critic_learning_rate: float = 1e-3,
        geometry_rate: float = 0.03,
        optimizer: str = "adam",
        critic_optimizer: str | None = None,
        betas: tuple[float, float] = (0.0, 0.99),
        critic_betas: tuple[float, float] | None = None,
        critic_clip: float | None = None,
        label_smoothing: float = 0.0,
        label_noise: float = 0.0,
        ema: float = 0.98,
        evolution: Evolution | None = None,
        replicas: int | None = None,
        controllers: tuple[str, ...] = (),
    ) -> None:
        self.family = family
        self.base = base
        self.loss = loss
        self.diversity_ratio = diversity_ratio
        self.penalty = penalty
        self.penalty_weight = penalty_weight
        self.forces = forces
        self.objective = objective
        self.classes = classes
        self.balanced = balanced
        self.widths = widths
        self.critic_widths = critic_widths
        self.grid = grid
        self.latent = latent
        self.conditioning = conditioning
        self.latent_law = latent_law
        self.activation = activation
        self.critic_activation = critic_activation
        self.slope = slope
        self.batch_norm = batch_norm
        self.norm_momentum = norm_momentum
        self.critic_norm = critic_norm
        self.separate_batches = separate_batches
        self.critic_dropout = critic_dropout
        self.reach = reach
        self.batch_size = batch_size
        self.critic_steps = critic_steps
        self.learning_rate = learning_rate
        self.critic_learning_rate = critic_learning_rate
        self.geometry_rate = geometry_rate
        self.optimizer = optimizer
        self.critic_optimizer = critic_optimizer
        self.betas = betas
        self.critic_betas = critic_betas
        self.critic_clip = critic_clip
        self.label_smoothing = label_smoothing
        self.label_noise = label_noise
        self.ema = ema
        self.evolution = evolution
        self.replicas = replicas
        self.controllers = controllers

    def validate(self) -> GAN:
        """Check every parameter.

        Raises
        ------
        ValueError
            If a name is unknown (the message says which are known) or a number is out of range.
        """
        self._validate_params()
        for name, registry in REGISTRIES.items():
            if (choice := getattr(self, name)) is not None:
                lookup(registry, choice, name.replace("_", " "))
        for check in CHECKS:
            check(self)
        return self

    @property
    def penalty_in_force(self) -> str:
        """The penalty that is meant, ``"auto"`` being the one that belongs to the loss."""
        return LOSSES[self.loss].penalty if self.penalty == "auto" else self.penalty

    @property
    def layers_of_critic(self) -> tuple[int, ...]:
        """Hidden units or channels of the critic."""
        if self.critic_widths is not None:
            return tuple(self.critic_widths)
        return tuple(self.widths) if self.grid is None else tuple(self.widths)[::-1]

    @property
    def n_siblings(self) -> int:
        """Parents of an evolving population."""
        return self.evolution.population if self.evolution else 1

    @property
    def pulls(self) -> dict[str, float]:
        """Forces that are not zero; without any the generator stays untrained."""
        forces = FAMILIES[self.family].loss_weights if self.forces is None else self.forces
        return {name: float(weight) for name, weight in forces.items() if weight}

    @property
    def n_replicas(self) -> int:
        """Members that see all rows; one is enough where nothing is trained."""
        usual = FAMILIES[self.family].replicas if self.replicas is None else self.replicas
        return usual if self.pulls else 1

    @property
    def min_gain_in_se(self) -> float:
        """Standard errors by which training has to gain before it counts; it may lose by some if below 0."""
        return FAMILIES[self.family].min_gain_in_se

    def aimed_at(self, objective: str) -> GAN:
        """The same with its objective set, if it is guided and that was ``"auto"``."""
        open_to_advice = self.objective == "auto" and FAMILIES[self.family].is_guided
        return clone(self).set_params(objective=objective) if open_to_advice else self

    @property
    def label(self) -> str:
        """Short name in tables and messages."""
        if not self.pulls and self.family == "residual":
            return f"base({self.base})"
        return f"{self.family}({self.base})" if self.family == "residual" else self.family

    def label_at(self, step: int) -> str:
        """Name of a candidate."""
        return f"{self.label} at step {step}"

    @property
    def shape_key(self) -> str:
        """Equal for specifications that share one tensor program: they differ in base and replicas only."""
        params = self.get_params(deep=False)
        return repr(sorted((name, plain(value)) for name, value in params.items() if name not in APART))
