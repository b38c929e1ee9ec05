"""Everything that is compared, one entry each.

All methods have their default parameters; none is tuned. A SMOTE variant gets fewer neighbours where a
class is too small for five, as a user would do; what fails beyond that is recorded as a failure.
``preparation`` says what rows each method sees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from imblearn.combine import SMOTEENN, SMOTETomek
from imblearn.ensemble import BalancedBaggingClassifier
from imblearn.over_sampling import (
    ADASYN,
    SMOTE,
    SMOTEN,
    SMOTENC,
    SVMSMOTE,
    BorderlineSMOTE,
    KMeansSMOTE,
    RandomOverSampler,
)
from sklearn.frozen import FrozenEstimator

from benchmarks.classifiers import CLASSIFIERS
from benchmarks.peers.client import Peer
from benchmarks.preparation import Setting, Steps, on_codes, on_encoded, on_raw
from benchmarks.rivals.autogan import AutoGAN
from benchmarks.rivals.cwgan import CWGANGP
from gan_oversampler import (
    GAN,
    Critic,
    DownstreamOracle,
    GANOversampler,
    Generator,
    ResamplingEnsembleClassifier,
)

# The networks of AutoGAN's reference (Nazari et al. 2023) in our trainer, which unlike it shows the critic
# both classes equally often.
BALANCED_CGAN: Final = GAN(
    "classic",
    classes="all",
    loss="bce",
    conditioning="multiply",
    batch_size=128,
    generator=Generator(
        widths=(256, 512, 1024), norm="batch", latent=100, learning_rate=2e-4, betas=(0.5, 0.999), ema=0.0
    ),
    critic=Critic(widths=(512, 512, 512), dropout=0.4, learning_rate=2e-4),
)
GUIDED: Final = GAN("guided", generator=Generator(widths=(32,)))
BASES: Final = ("smoothed_bootstrap", "smote", "border", "local_gaussian", "star")
CACHE: Final = Path(__file__).resolve().parent / "cache"


@dataclass(frozen=True, slots=True)
class Method:
    """A way to treat imbalance."""

    title: str  # name in tables and pictures
    steps: Callable[[Setting], Steps]  # the steps around the classifier
    # About what a fit on a KEEL table takes. Cheap methods run first; the thresholds of dear ones are tuned
    # only if asked for, because that takes as many fits again as there are inner folds.
    seconds: float = 0.01
    peer: str = ""  # what it needs from the peers' environment, if anything


# How long the default GANs are trained; GANs that a user gives take more and smaller steps.
SCHEDULE: Final[Mapping[str, int]] = {"max_steps": 80, "epoch_unit": 20}


def portfolio(**changes: Any) -> list[GAN]:
    """List the default GANs, with changes of the one that is trained, which comes first."""
    generator = Generator(widths=(32,), learning_rate=5e-3, geometry_rate=0.075, ema=0.95)
    critic = Critic(learning_rate=2.5e-3)
    guided = GAN("guided", base=BASES[0], generator=generator, critic=critic, **changes)
    return [guided, *(GAN(base=base, loss_weights={}) for base in BASES)]


def _ours(title: str, seconds: float = 2.0, **parameters: Any) -> Method:
    ours = partial(GANOversampler, **parameters)
    return Method(title, lambda setting: on_raw(setting, ours(random_state=setting.random_state)), seconds)


def _trained_for(term: str) -> Method:
    return _ours(f"ours, {term} force only", gan=portfolio(loss_weights={term: 1.0}), **SCHEDULE)


def _peer(title: str, name: str, seconds: float = 0.1, prepared: Callable[..., Steps] = on_encoded) -> Method:
    """Somebody else's sampler, which measures distances between encoded rows, or reads the raw table."""
    return Method(title, lambda setting: prepared(setting, Peer(name, setting.random_state)), seconds, name)


def _variant(title: str, make: Callable[..., Any], neighbours: str = "k_neighbors", k: int = 5) -> Method:
    """A sampler of imbalanced-learn for numbers; ``k`` is its default."""

    def steps(setting: Setting) -> Steps:
        known = {neighbours: min(k, setting.k_neighbors), "random_state": setting.random_state}
        return on_encoded(setting, make(**known))

    return Method(title, steps)


def _cleaned(make: Callable[..., Any]) -> Callable[..., Any]:
    """SMOTE followed by a cleaning, with the neighbours that the minority allows."""

    def combined(*, k_neighbors: int, random_state: int) -> Any:
        smote = SMOTE(k_neighbors=k_neighbors, random_state=random_state)
        return make(smote=smote, random_state=random_state)

    return combined


def _smote(setting: Setting) -> Steps:
    """SMOTE, or its variant for categories, or for both."""
    k, seed = setting.k_neighbors, setting.random_state
    if not setting.categorical:
        return on_encoded(setting, SMOTE(k_neighbors=k, random_state=seed))
    if not setting.numeric:
        return on_codes(setting, SMOTEN(k_neighbors=k, random_state=seed))
    n = len(setting.numeric)
    positions = list(range(n, n + len(setting.categorical)))
    return on_codes(setting, SMOTENC(positions, k_neighbors=k, random_state=seed))


def _random(title: str, shrinkage: float | None) -> Method:
    sampler = partial(RandomOverSampler, shrinkage=shrinkage)
    return Method(title, lambda setting: on_encoded(setting, sampler(random_state=setting.random_state)))


def _cwgan(setting: Setting) -> Steps:
    sampler = CWGANGP(categorical_groups=setting.one_hot_groups, random_state=setting.random_state)
    return on_encoded(setting, sampler)


def five_draws(title: str, one_draw: Method) -> Method:
    """Five tables, a classifier for each and the mean of their scores, in place of one of them.

    A sampler that can ``sample`` is fitted once, for all classifiers.
    """

    def steps(setting: Setting) -> Steps:
        one = one_draw.steps(setting)
        sampler = FrozenEstimator(one.sampler) if hasattr(one.sampler, "sample") else one.sampler
        return replace(
            one,
            ensemble=lambda model: ResamplingEnsembleClassifier(
                model, sampler, n_estimators=5, random_state=setting.random_state
            ),
        )

    return Method(title, steps, one_draw.seconds)


def _balanced_bagging(setting: Setting) -> Steps:
    """Ten bootstrap samples, whose classes are balanced by undersampling."""
    bag = partial(BalancedBaggingClassifier, random_state=setting.random_state)
    return replace(on_encoded(setting, None), ensemble=bag)


def _autogan(title: str, seconds: float, **parameters: Any) -> Method:
    """AutoGAN's oracles, and a fixed number of steps, share one training of a minute or two."""
    rival = partial(AutoGAN, memory=str(CACHE), **parameters)
    return Method(
        title, lambda setting: on_encoded(setting, rival(random_state=setting.random_state)), seconds
    )


_ONE_DRAW: Final = {"smote": Method("SMOTE", _smote), "ours": _ours("GANOversampler")}
METHODS: Final[Mapping[str, Method]] = {
    "none": Method("nothing", lambda setting: on_encoded(setting, None)),
    "class_weight": Method("class weights", lambda setting: on_encoded(setting, None, weighted=True)),
    "random": _random("random copies", None),
    "smoothed_bootstrap": _random("smoothed bootstrap", 1.0),
    "smote": _ONE_DRAW["smote"],
    "smote_x5": five_draws("SMOTE, five draws", _ONE_DRAW["smote"]),
    "balanced_bagging": Method("balanced bagging", _balanced_bagging),
    "borderline": _variant("Borderline-SMOTE", BorderlineSMOTE),
    "svm_smote": _variant("SVM-SMOTE", SVMSMOTE),
    "kmeans_smote": _variant("KMeans-SMOTE", KMeansSMOTE, k=2),
    "adasyn": _variant("ADASYN", ADASYN, "n_neighbors"),
    "smote_tomek": _variant("SMOTE-Tomek", _cleaned(SMOTETomek)),
    "smote_enn": _variant("SMOTE-ENN", _cleaned(SMOTEENN)),
    "geometric_smote": _peer("Geometric SMOTE", "geometric_smote"),
    "polynom_fit_smote": _peer("polynom-fit-SMOTE", "polynom_fit_smote"),
    "prowsyn": _peer("ProWSyn", "prowsyn"),
    "smote_ipf": _peer("SMOTE-IPF", "smote_ipf"),
    "lee": _peer("Lee", "lee"),
    "mgs_grf": _peer("MGS-GRF", "mgs_grf", 0.1, on_raw),
    "circover": _peer("GVM-CO", "circover"),
    "sona": _peer("SONA", "sona"),
    # nobody distributes it: a base of ours, alone
    "simplicial_smote": _ours(
        "Simplicial SMOTE",
        0.1,
        gan=GAN(base="simplicial_smote", loss_weights={}),
        oracle=None,
        max_steps=0,
        baselines=(),
    ),
    # Keys and titles of committed results are kept, though the parameters have other names by now.
    "ours": _ONE_DRAW["ours"],
    "ours_x5": five_draws("ours, five draws", _ONE_DRAW["ours"]),
    "ours_base_only": _ours("ours, training off", 1.0, max_steps=0),
    "ours_no_oracle": _ours("ours, oracle off", 1.0, oracle=None),
    "ours_utility": _trained_for("utility"),
    "ours_adversarial": _trained_for("adversarial"),
    "ours_guided": _ours("ours, guided GAN", gan=GUIDED),
    "ours_residual": _ours("ours, residual GAN", gan=GAN("residual")),
    "ours_classic": _ours("ours, classic GAN", gan=GAN("classic")),
    "ours_g_mean": _ours("ours, oracle G-mean", oracle="g_mean"),
    "ours_average_precision": _ours("ours, oracle AP", oracle="average_precision"),
    "ours_mlp20": _ours(
        "ours, oracle asks the paper's MLP", oracle=DownstreamOracle(CLASSIFIERS["mlp20"].make())
    ),
    "ours_ratio": _ours("ours, ratio chosen", sampling_strategy="oracle"),
    "ours_recipes": _ours(
        "ours, GAN, policy and ratio chosen", 4.0, sampling_strategy="oracle", policy="oracle"
    ),
    "tvae": _peer("TVAE", "tvae", 3.0, on_raw),
    "ctgan": _peer("CTGAN", "ctgan", 15.0, on_raw),
    "ctgan_conditional": _peer("CTGAN, conditional", "ctgan_conditional", 20.0, on_raw),
    "arf": _peer("ARF", "arf", 3.0, on_raw),
    "forest_diffusion": _peer("ForestDiffusion", "forest_diffusion", 100.0, on_raw),
    "cwgan_gp": Method("cWGAN-GP", _cwgan, 15.0),
    "autogan_cas": _autogan("AutoGAN, CAS-real", 120.0, oracle="cas_real"),
    "autogan_fcd": _autogan("AutoGAN, FCD", 60.0, oracle="fcd"),
    "autogan_fixed": _autogan("AutoGAN's CGAN, 1500 steps", 60.0, fixed_steps=1500),
    "balanced_cgan": _ours(
        "balanced CGAN, 1500 steps", 60.0, gan=BALANCED_CGAN, oracle=None, max_steps=1500, epoch_unit=1500
    ),
}
TITLES: Final[Mapping[str, str]] = {name: method.title for name, method in METHODS.items()}
# Other settings of a method, which are shown beside it but do not compete with it.
SETTINGS: Final[Mapping[str, str]] = {name: "ours" for name in METHODS if name.startswith("ours_")}
