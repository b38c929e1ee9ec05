"""Which GAN? Every preset, stopped by the oracle or at a fixed step, with and without rejection.

``python -m benchmarks.studies.gans --data-dir DIR`` writes a row per table, GAN, stop and filter to
``results/gans.parquet`` as it comes, goes on where it was if it is started again, and ends with
``results/gans.md`` and a picture. All GANs are trained on the same fold of the same tables, with networks of
the same size, so that what differs is the system: at their published widths a fit takes ten times as long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE
from joblib import Parallel, delayed
from sklearn.base import clone

from benchmarks.fidelity import fidelity, precision
from benchmarks.methods import GUIDED
from benchmarks.preparation import Setting, Steps, on_encoded, on_raw
from benchmarks.protocol import N_FOLDS, classifier_scores, in_one_line, quiet_single_thread, split, treat
from benchmarks.provenance import note_run
from benchmarks.reporting.markdown import HIGHEST, LOWEST, columns, page
from benchmarks.reporting.markdown import table as as_table
from benchmarks.storage import Store
from benchmarks.studies.common import parser
from benchmarks.suites import SUITES, needed
from benchmarks.tables import Table, data_folder, load_table
from benchmarks.writing import save_picture, write_whole
from gan_oversampler import GAN, GANOversampler, preset

CLASSIFIERS: Final = ("logistic", "knn", "tree", "forest")
WIDTHS: Final = (64, 64)
STEPS: Final = 300
SIZE: Final = "100_0.4"  # of the derived tables, one per root
N_KEEL: Final = 20
F_GANS: Final = ("kl", "reverse_kl", "jensen_shannon", "gan", "pearson", "hellinger", "total_variation")
PRESETS: Final = (
    *("reference", "gan", "lsgan", "wgan", "wgan_gp", "r3gan", "ebgan", "began", "egan"),
    *(f"fgan_{name}" for name in F_GANS),
)
GANS: Final[Mapping[str, GAN]] = {
    **{p: preset(p).set_params(generator__widths=WIDTHS, critic__widths=WIDTHS) for p in PRESETS},
    "residual": GAN("residual"),
    "guided": GUIDED,
}
# One controller at a time, with the oracle's stop; those that the loss allows.
CONTROLLERS: Final = ("gap", "two_time_scale", "pacing", "ada", "apa", "collapse")
CONTROLLED: Final[Mapping[str, tuple[str, ...]]] = {"gan": CONTROLLERS, "guided": (*CONTROLLERS, "r1")}
STOPS: Final[Mapping[str, Mapping[str, Any]]] = {
    "oracle": {"oracle": "downstream", "patience": 2},
    "fixed": {"oracle": None},
}
FILTERS: Final = ("", "obrs")
RIVALS: Final = ("none", "smote")

SCORES: Final = ("f1", "average_precision")
FACTS: Final = ("coverage", "precision", "c2st", "seconds")
KEY: Final = ("table", "gan", "stop", "filter")
COLUMNS: Final = (*KEY, "kind", *SCORES, *FACTS, "error")
SHOWN: Final = {
    "f1": ("F1", 3, HIGHEST),
    "average_precision": ("AP", 3, HIGHEST),
    "coverage": ("coverage", 3, HIGHEST),
    "precision": ("precision", 3, HIGHEST),
    "c2st": ("C2ST above chance", 3, LOWEST),
    "seconds": ("seconds", 1, None),
}

Arm = tuple[str, str, str]  # GAN, stop, filter


def arms() -> list[Arm]:
    """List everything that is compared."""
    controlled = [(f"{gan}, {name}", "oracle", "") for gan, names in CONTROLLED.items() for name in names]
    return [*((name, "", "") for name in RIVALS), *product(GANS, STOPS, FILTERS), *controlled]


def steps_of(arm: Arm, setting: Setting) -> Steps:
    """Make the steps with which an arm treats a training fold."""
    name, stop, kept = arm
    if name in RIVALS:
        smote = SMOTE(k_neighbors=setting.k_neighbors, random_state=setting.random_state)
        return on_encoded(setting, smote if name == "smote" else None)
    plain, _, controller = name.partition(", ")
    sampler = GANOversampler(
        gan=clone(GANS[plain]).set_params(controllers=(controller,) if controller else ()),
        max_steps=STEPS,
        epoch_unit=STEPS // 6,
        rejection=kept or None,
        random_state=setting.random_state,
        **STOPS[stop],
    )
    return on_raw(setting, sampler)


def cell(table: Table, arm: Arm) -> dict[str, Any]:
    """Measure one arm on the first fold of a table; a failure is recorded with its error."""
    row = dict(zip(KEY, (table.name, *arm), strict=True)) | {"kind": table.name.partition("/")[1] or "keel"}
    row |= dict.fromkeys((*SCORES, *FACTS), np.nan) | {"error": ""}
    with quiet_single_thread():
        train, test = split(table, N_FOLDS, 0)[0]
        try:
            fold, y = treat(steps_of(arm, Setting.of(train, 0)), train, test), test.y.to_numpy()
            prior = train.n_minority / len(train.y)
            found = pd.DataFrame([classifier_scores(name, fold, y, prior, {}) for name in CLASSIFIERS])
            facts: dict[str, float] = {**found[list(SCORES)].mean(), "seconds": fold.seconds}
            if len(fold.new):
                held_out = fold.X_test[y == 1]
                facts |= fidelity(fold.new, fold.seen, held_out, np.random.default_rng(0))
                facts["precision"] = precision(fold.new, np.concatenate([held_out, fold.seen]))
        except Exception as error:  # any GAN may fail in any way; that is a result too
            return row | {"error": in_one_line(error)}
    return row | {name: facts[name] for name in (*SCORES, *FACTS) if name in facts}


def complete(rows: pd.DataFrame) -> pd.DataFrame:
    """Select the rows of tables on which every GAN was tried, controllers apart."""
    plain = [arm for arm in arms() if ", " not in arm[0]]
    tried = rows[~rows["gan"].str.contains(", ")].groupby("table").size()
    return rows[rows["table"].isin(tried.index[tried == len(plain)])]


def means(rows: pd.DataFrame) -> pd.DataFrame:
    """Average every arm over tables, and count its failures; a failure scores as doing nothing."""
    nothing = rows[rows["gan"] == "none"].set_index("table")
    filled = rows.copy()
    for score in SCORES:
        filled[score] = rows[score].fillna(rows["table"].map(nothing[score]))
    arm = list(KEY[1:])
    found = filled.groupby(arm, sort=False)[[*SCORES, *FACTS]].mean()
    found["failures"] = (rows["error"] != "").groupby([rows[name] for name in arm], sort=False).sum()
    return found.loc[[known for known in arms() if known in found.index]].reset_index()


def effect(rows: pd.DataFrame, column: str, treated: str, plain: str) -> pd.DataFrame:
    """Compute the mean gain and its standard error, over tables, of one value of a column, per GAN."""
    others = [name for name in ("gan", "stop", "filter") if name != column]
    wide = rows[rows["gan"].isin(list(GANS))].pivot(index=["table", *others], columns=column)
    gains = pd.DataFrame({s: wide[s][treated] - wide[s][plain] for s in (*SCORES, "coverage", "precision")})
    by_table = gains.groupby(["gan", "table"], sort=False).mean().groupby("gan", sort=False)
    everything = gains.groupby("table").mean()
    mean = pd.concat([by_table.mean(), everything.mean().to_frame("all of them").T])
    error = pd.concat([by_table.sem(), everything.sem().to_frame("all of them").T])
    text = mean.map("{:+.3f}".format) + " ± " + error.map("{:.3f}".format)
    return text.rename_axis("GAN").reset_index()


def controlled(rows: pd.DataFrame) -> pd.DataFrame:
    """Compute the mean gain and its standard error, over tables, of every controller over the GAN without."""
    stopped = rows[(rows["stop"] == "oracle") & (rows["filter"] == "")]
    wide = stopped.pivot(index="table", columns="gan")
    found = []
    for gan, names in CONTROLLED.items():
        for name in [name for name in names if f"{gan}, {name}" in set(rows["gan"])]:
            gains = {s: wide[s][f"{gan}, {name}"] - wide[s][gan] for s in SCORES}
            shown = {s: f"{g.mean():+.3f} ± {g.sem():.3f}" for s, g in gains.items()}
            found.append({"GAN": gan, "controller": name, **shown})
    return pd.DataFrame(found)


def draw(rows: pd.DataFrame, path: Path) -> None:
    """Draw F1 and coverage of every GAN on the KEEL tables, beside doing nothing and SMOTE."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    found = means(rows[rows["kind"] == "keel"])
    plain = found[found["gan"].isin(list(GANS)) & (found["filter"] == "")]
    order = plain.groupby("gan")["f1"].mean().sort_values().index
    figure = Figure((9, 6.5), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    for axes, score in zip(figure.subplots(1, 2, sharey=True), ("f1", "coverage"), strict=True):
        for stop, marker, colour, label in (
            ("oracle", "o", "#D55E00", "the oracle's stop"),
            ("fixed", "s", "#0072B2", f"{STEPS} fixed steps"),
        ):
            values = plain[plain["stop"] == stop].set_index("gan").loc[order, score]
            axes.plot(values, order, marker, color=colour, label=label)
        for rival, style, name in (("none", ":", "nothing"), ("smote", "--", "SMOTE")):
            value = found.loc[found["gan"] == rival, score].item()
            if np.isfinite(value):
                axes.axvline(value, linestyle=style, color="#333333", label=name)
        axes.set_xlabel(SHOWN[score][0])
        axes.grid(axis="y", alpha=0.3)
    figure.axes[0].legend(loc="lower right", fontsize=9)
    save_picture(figure, path)


def report(rows: pd.DataFrame) -> str:
    """Write the page."""
    parts = []
    for kind, part in rows.groupby("kind", sort=False):
        found = means(part)
        names = found.rename(columns={"gan": "GAN"})[["GAN", "stop", "filter"]]
        table = names.join(columns(found, SHOWN)).join(found["failures"])
        title = "KEEL" if kind == "keel" else "AutoGAN's derived"
        parts.append(f"## {part['table'].nunique()} {title} tables\n\n{as_table(table)}")
    stops, filters = effect(rows, "stop", "oracle", "fixed"), effect(rows, "filter", "obrs", "")
    parts.append(f"## The oracle's stop against {STEPS} fixed steps\n\n{as_table(stops)}")
    parts.append(f"## Rejection (OBRS) against none\n\n{as_table(filters)}")
    parts.append(f"## One controller against none\n\n{as_table(controlled(rows))}")
    what = (
        f"First of five folds; mean of {', '.join(CLASSIFIERS)}; networks of {WIDTHS} units, at most {STEPS}"
        " steps; gains with standard errors over tables; `python -m benchmarks.studies.gans`."
    )
    picture = "![F1 and coverage of every GAN](gans.png)"
    return page("# Which GAN?", what, picture, *parts)


def table_names(folder: Path) -> list[str]:
    """List twenty KEEL tables of all sizes, then one derived table of each AutoGAN root."""
    keel = SUITES["keel"].names(folder)
    spaced = np.linspace(0, len(keel) - 1, N_KEEL).round().astype(int)
    derived = [name for name in SUITES["autogan"].names(folder) if name.endswith(SIZE)]
    return [*(keel[i] for i in spaced), *derived]


def main(argv: Sequence[str] | None = None) -> None:
    """Run what is missing, write the page."""
    command = parser("gans", __doc__, ".parquet")
    command.add_argument("--tables", default="*", help="a pattern; what other tables had stays")
    command.add_argument("--jobs", type=int, default=1)
    options = command.parse_args(argv)
    folder = needed(data_folder(options.data_dir))
    store = Store(options.out, KEY, COLUMNS, (*KEY, "kind", "error"), ())
    done = set(store.read()[list(KEY)].itertuples(index=False, name=None))
    tables = [load_table(name, folder) for name in table_names(folder) if fnmatch(name, options.tables)]
    todo = [(table, arm) for table, arm in product(tables, arms()) if (table.name, *arm) not in done]
    todo.sort(key=lambda task: ", " in task[1][0])  # controllers last
    if todo:
        note_run(options.out, cells=len(todo), jobs=options.jobs)
    work = Parallel(options.jobs, return_as="generator_unordered", verbose=1)
    for row in work(delayed(cell)(*task) for task in todo):
        store.append([row])
    store.absorb()
    rows = complete(store.read())
    if (rows["kind"] == "keel").any():
        draw(rows, options.out.with_suffix(".png"))
    text = report(rows)
    write_whole(options.out.with_suffix(".md"), text)
    print(text)


if __name__ == "__main__":
    main()
