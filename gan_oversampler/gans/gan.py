"""What one GAN of the population is: a value, whose parameters are set like those of an estimator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Final

from sklearn.base import BaseEstimator, clone
from sklearn.utils._param_validation import Interval, StrOptions

from gan_oversampler._pages import DocumentedMixin
from gan_oversampler.gans.as_json import from_json, to_json
from gan_oversampler.gans.parts import COUNT, Critic, Generator

if TYPE_CHECKING:
    from gan_oversampler.gans.evolution import Evolution
    from gan_oversampler.gans.families import Family

# Defaults of the signature, so that reprs leave them out; every GAN gets copies of its own.
_GENERATOR: Final = Generator()
_CRITIC: Final = Critic()
FREE_IN_COHORT: Final = ("base", "replicas", "name")  # parameters that change no shape
STRENGTHS: Final = ("generator__learning_rate", "generator__geometry_rate", "critic__learning_rate")
STREAMS: Final = "gan, version 2"  # another text gives other random numbers to every fit


@dataclass(eq=False, repr=False)
class GAN(DocumentedMixin, BaseEstimator):
    """Specification of a GAN; :class:`GANOversampler` trains it.

    Parameters
    ----------
    family : {"residual", "classic", "guided"}, default="residual"
        ``residual`` corrects rows drawn from ``base`` and is that base until trained. ``classic`` maps noise
        and label to a row, as in AutoGAN's reference code (Nazari et al. 2023); untrained it is scored, but
        never kept. ``guided`` also learns the geometry under the correction: how far new rows lie from a real
        one, toward its same-class neighbours and toward mixing partners, and how often each real row is drawn
        as a seed; it is trained for held-out utility.
    base : str, default="smote"
        Geometric sampler under a residual generator: ``bootstrap``, ``smoothed_bootstrap``, ``smote``,
        ``simplicial_smote``, ``local_gaussian``, ``border``, ``star`` or ``translation``. Classes with too
        few rows to learn from are drawn from it, whatever the family.
    loss : str, default="relativistic"
        ``bce`` (non-saturating), ``least_squares``, ``hinge``, ``wgan_gp`` or ``relativistic``; or an
        f-divergence (Nowozin et al. 2016): ``kl``, ``reverse_kl``, ``jensen_shannon``, ``gan``, ``pearson``,
        ``hellinger`` or ``total_variation``; or, with an autoencoder as critic, ``ebgan`` (Zhao et al. 2017,
        with its pulling-away term) or ``began`` (Berthelot et al. 2017).
    saturating : bool, default=False
        Of f-divergences: whether the generator minimises its original objective, whose gradient vanishes
        while the critic wins, instead of the usual one.
    diversity_ratio : float, default=0.5
        Of ``began``: error of new rows, as a share of that of real ones, that its control holds. Smaller
        values make new rows more typical and less diverse.
    loss_weights : mapping of str to float, default=None
        Weights of the terms of the generator's loss: ``adversarial`` (a critic that tells its rows from real
        ones), ``fidelity`` (the energy distance of its rows to real ones, which guided GANs hold out) and, in
        the guided family, ``utility`` (how well a learner with a closed form, fitted on real and new rows,
        does on held-out rows). None is utility with a tenth of both others for guided GANs, the critic alone
        for the rest. Without any term the generator stays untrained.
    objective : {"auto", "f1", "g_mean", "average_precision", "log_loss"}, default="auto"
        Smooth score that utility means; ``auto`` is the one nearest to the oracle's.
    classes : {"targets", "all"}, default="targets"
        Whether the GAN learns the classes to be oversampled only, or all of them.
    mixing : {"any_class", "own_class"}, default="any_class"
        Of which class the rows are that a guided GAN mixes new ones with, by about 5 %. With ``own_class`` a
        saved sampler holds no row of other classes; scores are a little lower (KEEL tables: F1 by .007).
    balanced : bool, default=True
        Whether the critic's batches hold all classes in equal shares, or in the shares of the rows, as in
        AutoGAN's reference code. Those of the generator, and both of a guided GAN, always are balanced.
    conditioning : {"concat", "multiply", "film"}, default="concat"
        How the class enters both networks: appended, as an embedding that multiplies the input, or, in FiLM
        (Perez et al. 2018), by gains and shifts of hidden units, at first 1 and 0, after every hidden layer
        or inside every cell.
    batch_size : int, default=64
        Rows per step; a guided GAN takes at least one per class.
    generator : Generator, default=Generator()
        Network and training of the generator; in a grid search ``gan__generator__latent`` and so on.
    critic : Critic, default=Critic()
        Network and training of the critic; in a grid search ``gan__critic__dropout`` and so on.
    evolution : Evolution, default=None
        Generators that have children by several objectives, of which the fittest go on (E-GAN, Wang et al.
        2019); needs ``loss="bce"``. None trains a single one.
    replicas : int, default=None
        Generators trained on all rows, from different seeds; new rows come from all of them in equal shares,
        because an average errs less. Scores are those of a single one. None is 3 for guided GANs, else 1.
    controllers : tuple of str, default=()
        Feedback loops between critic and generator, of every member separately; their decisions are in
        ``report_.events``. All need the loss term ``adversarial``.

        ``gap`` moves the critic's step size by a factor from 0.1 to 2, so that its loss stays near its value
        at equilibrium (Hazimeh & Ponomareva 2023), which not every loss has. ``two_time_scale`` slows the
        generator, to a quarter at most, while its loss changes faster than the critic's (Heusel et al. 2017,
        with the signal of Ouyang & Agam 2021).
        ``pacing`` takes one critic step away where the critic is right about more than 80 % of the rows, and
        adds one below 55 %, between 0 and 5 (or ``critic.steps``, if more) and at most every ten steps; a
        critic at rest trains again from the middle of that band on.
        ``ada`` jitters rows and swaps values and categories before the critic sees them, more often while it
        is right about more than 80 % of the real ones (Karras et al. 2020; by 0.02 per step, up to .8).
        ``apa`` shows it generated rows instead of real ones by the same rule (Jiang et al. 2021). ``r1``
        moves the weight of the penalty by a factor from 0.1 to 10, with the same signal.
        ``fade`` lets the adversarial term in over the first 20 steps, and out as far as the critic is right
        about more than 80 % of the real rows: at 100 % nothing is to be learned from it.
        ``reset`` begins a member anew when neither loss has moved for 50 steps (Gong et al. 2019: variance
        below 1e-3) although the critic's is far from its equilibrium. ``collapse`` counts a scoring as
        failed, and takes the GAN back to its best state at half the rates, if new rows have less than a
        tenth of the variance, or half of the variety, of real ones.

    name : str, default=None
        What reports and pictures call it; None is its family and base.

    Examples
    --------
    >>> GAN(base="border", generator=Generator(widths=(32,))).set_params(loss="hinge", critic__dropout=0.1)
    GAN(base='border', critic=Critic(dropout=0.1),
        generator=Generator(widths=(32,)), loss='hinge')
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **{name: [str] for name in ("family", "base", "loss", "objective")},  # ``validated`` looks them up
        "saturating": ["boolean"],
        "diversity_ratio": [Interval(Real, 0, 1, closed="both")],
        "loss_weights": [Mapping, None],
        "classes": [StrOptions({"targets", "all"})],
        "mixing": [StrOptions({"any_class", "own_class"})],
        "balanced": ["boolean"],
        "conditioning": [StrOptions({"concat", "multiply", "film"})],
        "batch_size": [COUNT],
        "generator": [Generator],
        "critic": [Critic],
        "evolution": [BaseEstimator, None],
        "replicas": [COUNT, None],
        "controllers": [tuple, list],
        "name": [str, None],
    }

    family: str = "residual"
    _: KW_ONLY
    base: str = "smote"
    loss: str = "relativistic"
    saturating: bool = False
    diversity_ratio: float = 0.5
    loss_weights: Mapping[str, float] | None = None
    objective: str = "auto"
    classes: str = "targets"
    mixing: str = "any_class"
    balanced: bool = True
    conditioning: str = "concat"
    batch_size: int = 64
    generator: Generator = _GENERATOR
    critic: Critic = _CRITIC
    evolution: Evolution | None = None
    replicas: int | None = None
    controllers: tuple[str, ...] = ()
    name: str | None = None

    def __post_init__(self) -> None:
        self.generator = clone(_GENERATOR) if self.generator is _GENERATOR else self.generator
        self.critic = clone(_CRITIC) if self.critic is _CRITIC else self.critic

    @property
    def penalty(self) -> str:
        """Name of the critic's penalty, where ``"auto"`` is replaced by the one that belongs to the loss."""
        from gan_oversampler.gans.losses import LOSSES  # tensor functions: a specification needs no torch

        return LOSSES[self.loss].penalty if self.critic.penalty == "auto" else self.critic.penalty

    @property
    def n_siblings(self) -> int:
        """Number of parents in an evolving population, each of which is a member; 1 where nothing evolves."""
        return self.evolution.population if self.evolution else 1

    @property
    def active_terms(self) -> dict[str, float]:
        """Weights of the generator's loss terms by name, without those of weight zero.

        They are those of the family where ``loss_weights`` is None. Without any term the generator stays
        untrained, and its rows are those of its base.
        """
        weights = self._family.loss_weights if self.loss_weights is None else self.loss_weights
        return {name: float(weight) for name, weight in weights.items() if weight}

    @property
    def n_replicas(self) -> int:
        """Number of members that see all rows and finally sample; 1 where nothing is trained."""
        replicas = self._family.replicas if self.replicas is None else self.replicas
        return replicas if self.active_terms else 1

    @property
    def min_gain_in_se(self) -> float:
        """Uncorrected errors (ARCHITECTURE, Two errors) by which training has to gain, or may lose."""
        return self._family.min_gain_in_se

    def aimed_at(self, objective: str) -> GAN:
        """Return the GAN with the objective nearest to the oracle, as a copy, where it has to be chosen.

        That is so for guided GANs whose objective is ``"auto"``; others are returned themselves, as they are.
        """
        is_open = self.objective == "auto" and self._family.is_guided
        return clone(self).set_params(objective=objective) if is_open else self

    def to_json(self) -> str:
        """Write the specification as JSON, with all its parameters and those of its parts.

        ``from_json`` reads it, so that a GAN that was found for one table can be trained on another. Raises
        ValueError if a number is not finite.
        """
        return to_json(self)

    @classmethod
    def from_json(cls, text: str) -> GAN:
        """Read a specification from JSON, as ``to_json`` writes it; parameters left out are the defaults.

        Lists are read as tuples. Values are checked when the GAN is trained. Raises ValueError if the text is
        no JSON object, or names a parameter that is not known.

        >>> GAN.from_json(GAN(base="border", generator=Generator(widths=(32,))).to_json())
        GAN(base='border', generator=Generator(widths=(32,)))
        >>> GAN.from_json('{"critic": {"widhts": [8]}}')
        Traceback (most recent call last):
            ...
        ValueError: Critic has no parameter 'widhts'. Did you mean 'widths'? ...
        """
        return from_json(cls, text)

    @property
    def label(self) -> str:
        """Its ``name``, or a short one, such as ``"residual(smote)"``; ``"base(smote)"`` if untrained."""
        if self.name or self.family != "residual":
            return self.name or self.family
        return f"{self.family if self.active_terms else 'base'}({self.base})"

    def label_at(self, step: int) -> str:
        """Name of the candidate that the GAN is after some steps, such as ``"guided at step 50"``."""
        return f"{self.label} at step {step}"

    @property
    def identity(self) -> str:
        """Key of all parameters but base, replicas and name: GANs that share it and the base train alike."""
        params = {name: v for name, v in self.get_params(deep=False).items() if name not in FREE_IN_COHORT}
        return repr(sorted((name, _plain(value)) for name, value in params.items()))

    @property
    def cohort_key(self) -> str:
        """Key of what makes the tensor program: GANs that share it train as one, each at its own strengths.

        Strengths are the step sizes, and the weights of the loss terms that are not zero.
        """
        alike = clone(self).set_params(loss_weights=dict.fromkeys(self.active_terms, 1.0))
        return alike.set_params(**dict.fromkeys(STRENGTHS, 1.0)).identity

    @property
    def stream_name(self) -> tuple[str, ...]:
        """Frozen name of the random streams of its members: parameters may be renamed without new results.

        GANs that differ in other parameters have common random numbers, so they are compared on the same
        starts; equal GANs are numbered by the population.
        """
        return STREAMS, self.family, self.base

    @property
    def _family(self) -> Family:
        """Defaults of the family."""
        from gan_oversampler.gans.families import FAMILIES  # with networks, so with torch

        return FAMILIES[self.family]


del GAN.generator, GAN.critic  # a change of these shared defaults would change every GAN made later


def _plain(value: Any) -> Any:
    """Equal parameters alike, however they are written: 1 and 1.0, lists and tuples."""
    if isinstance(value, BaseEstimator):
        return _plain(value.get_params())
    if isinstance(value, Mapping):
        return sorted((name, _plain(weight)) for name, weight in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(map(_plain, value))
    return float(value) if isinstance(value, Real) else value
