"""The page of the study of the search, from its stored rows."""

from __future__ import annotations

from typing import Final

import pandas as pd

from benchmarks.reporting.markdown import page, table
from benchmarks.studies.search import curve, landscape, tables
from benchmarks.studies.search.means import Mean

HOW: Final = (
    "Made by `python -m benchmarks.studies.search landscape|tables|curve|page`. A gain is a mean with its"
    " standard error over seeds, or over tables of which folds were averaged before."
)
LANDSCAPE: Final = (
    "The score is a known function of the GAN, with noise in every fold of half its standard deviation over"
    " the space: *additive* effects of all choices, *interacting* neighbours, and a *plateau* where only"
    " three choices together help. Regret is what the GAN that a search returns truly lacks to the best one"
    " known, in standard deviations of the space. All strategies have equally many trials; halving stops some"
    " early (see steps). One GAN in 36 lies on the plateau: random finds it in 30 trials with probability"
    " .56, and in 100 of .94; that it did so with all five seeds at 30 was luck, which flatters it."
)
STANDINGS: Final = (
    "Ranks are among all strategies, of the value found, over landscapes, budgets and seeds. A setting is a"
    " landscape and a budget; *significantly* means that Student's interval (95 %) over seeds lies on one"
    " side of zero."
)
CURVE: Final = (
    "Fashion-MNIST, two classes of 784 pixels, convolutional cells that begin with noise, 50 steps a trial:"
    " rewards (minus the Fréchet distance to held-out images) of the trials in their order, by the recurrent"
    " controller and at random; ± is the standard error over trials. Trials of the controller begin with"
    " shared weights, as in the paper, so later ones have trained longer; at random all of them begin fresh."
)
TABLES: Final = (
    "Every search has 60 s on a core that it shares with other work, and the default oracle; an outer fold"
    " holds out a fifth of the rows, which neither sees. Tables are chosen by a fixed rule (`tables.py`)."
    " *Sampler with the search* is what `GANOversampler(search=...)` does: the found GAN joins where it gains"
    " on rows that the search did not see; elsewhere its scores are those of the default, which draws alike."
    " *Found GAN alone* is `GANOversampler(gan=search.best_gan_)`. All gains are zero where SMOTE, say,"
    " scores best and is drawn whatever the GAN: so on the images."
)
SECONDS: Final = (
    "Seconds are of whole fits, beside other work: after the search the best GAN is scored on held-out"
    " rows, and all GANs are trained."
)


def report(
    rows: pd.DataFrame | None,
    planted: pd.DataFrame | None,
    peaks: pd.DataFrame | None,
    images: pd.DataFrame | None,
) -> str:
    """Write the page from what there is of each part; landscapes need their peaks."""
    parts: list[str | None] = ["# Does a search for GANs pay?", HOW]
    results = []
    if rows is not None:
        results.append(result_of_tables(rows))
        parts += ["## Real tables", TABLES, table(tables.summary(rows))]
        parts += ["What the search sees is too good:", table(tables.optimism(rows)), SECONDS]
        if len(versus := tables.paired(rows)):
            parts += ["Score minus that of random search, on tables and folds of both:", table(versus)]
    if planted is not None and peaks is not None:
        results.append(result_of_landscapes(planted))
        parts += ["## Planted landscapes", LANDSCAPE, table(landscape.standings(planted)), STANDINGS]
        parts += [table(landscape.summary(landscape.with_regret(planted, peaks)))]
    if images is not None:
        results.append(result_of_curve(images))
        parts += ["## The controller on images", CURVE, "![Rewards by trial](search_curve.png)"]
        parts += [table(curve.summary(images))]
    return page(*parts[:2], "## Results", "\n".join(f"- {result}" for result in results), *parts[2:])


def result_of_tables(rows: pd.DataFrame) -> str:
    """Say whether samplers with a search are better than the default, and where they are worst."""
    drawn, texts = tables.as_drawn(rows), []
    for strategy, its in drawn.groupby("strategy", sort=False):
        gains = tables.gains(its, "searched", "weak_f1")
        mean = Mean.of(gains)
        claim = "significantly better" if mean.is_sure and mean.value > 0 else "not significantly better"
        claim = "significantly worse" if mean.is_sure and mean.value < 0 else claim
        texts.append(
            f"with {strategy} the sampler is {claim} than without ({mean.text()} F1 of weak classifiers on"
            f" {mean.n} tables; {(gains > 0).sum()} better, {(gains < 0).sum()} worse, at worst"
            f" {gains.min():+.3f} on {gains.idxmin()})"
        )
    more = (drawn["seconds_searched"] / drawn["seconds_default"]).median()
    return f"**Real tables**: {'; '.join(texts)}. It takes {more:.0f} times as long (median)."


def result_of_landscapes(planted: pd.DataFrame) -> str:
    """Say which strategy ranks first, how sure that is, and which ones lose to random somewhere."""
    found = landscape.standings(planted)
    first, n = found.iloc[0], found["settings"].iloc[0]
    losers = found[found["significantly worse"] > 0]
    text = f"**Planted landscapes**: {first['strategy']} ranks first ({first['mean rank']} on average)"
    if first["strategy"] != "random":
        text += (
            f", beats random in {first['beat random']} searches, and is significantly better in"
            f" {first['significantly better']} of {n} settings"
        )
    lost = [
        f"{name} in {times} of {n}" for name, times in zip(losers["strategy"], losers["significantly worse"])
    ]
    return text + (
        f". Significantly worse than random: {', '.join(lost)}." if lost else ". None is significantly worse."
    )


def result_of_curve(images: pd.DataFrame) -> str:
    """Say whether rewards rise from the first to the last third of the trials."""
    found = curve.summary(images)
    texts = [f"{s} from {a} to {b}" for s, a, b in found[["strategy", *curve.THIRDS]].itertuples(index=False)]
    return f"**Images**: mean rewards of the first and the last third of the trials: {'; '.join(texts)}."
