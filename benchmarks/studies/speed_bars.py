"""How many times faster than others, and than before: ``python -m benchmarks.studies.speed_bars``.

Every bar is a ratio of two times of one run on one core, so other machines give about the same. CTGAN and
TVAE need ``make bench-setup``, KEEL and adult the shared tables; what is missing is left out. Wide tables are
held against the version that `BEFORE` was measured of, by the time that a forest takes in the same run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import pandas as pd
from joblib import Parallel, delayed
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier

from benchmarks.methods import METHODS
from benchmarks.peers.client import PeerError, PeerMissing
from benchmarks.preparation import Setting
from benchmarks.protocol import quiet_single_thread
from benchmarks.provenance import note_run
from benchmarks.reporting import markdown as md
from benchmarks.studies.common import parser, save
from benchmarks.suites import SUITES, load
from benchmarks.tables import Table, data_folder
from gan_oversampler import GANOversampler

OURS: Final = "ours"
# What is held against, with the ratio that is wanted on KEEL (median) and on adult.
PEERS: Final[Mapping[str, tuple[float, float | None]]] = {"ctgan": (10.0, 200.0), "tvae": (2.0, None)}
# CPU seconds of a default fit of 300 rows over those of the forest, at commit 5b9481a.
BEFORE: Final[Mapping[int, float]] = {500: 26.0, 3000: 285.0}
N_PAIRS: Final = 4  # of fits, for two jobs

Bar = dict[str, Any]


def fit_seconds(method: str, train: Table) -> float:
    """Measure the seconds of one resampling of a table; those of a peer without its transport."""
    steps = METHODS[method].steps(Setting.of(train, 0))
    rows = steps.before.fit_transform(train.X)
    began = time.perf_counter()
    steps.sampler.fit_resample(rows, train.y)
    return float(getattr(steps.sampler, "seconds_", time.perf_counter() - began))


def against_peers(tables: Sequence[Table], what: str, wanted: Mapping[str, float | None]) -> Iterator[Bar]:
    """Compare with each peer, the median over tables, ours and the peer's fits in turn."""
    for peer, bar in wanted.items():
        pairs = []
        for table in tables if bar else ():
            try:
                pairs.append((fit_seconds(peer, table), fit_seconds(OURS, table)))
            except (PeerMissing, PeerError) as error:
                print(f"Left out: {peer} on {table.name} ({error})")
                break
        if pairs:
            found = pd.DataFrame(pairs, columns=["theirs", "ours"])
            ratio = float((found["theirs"] / found["ours"]).median())
            median = found.median()
            yield _bar(f"{what}: {peer} / ours", median["theirs"], median["ours"], ratio, bar)


def wide(n_columns: int) -> Bar:
    """Compare the CPU seconds of a wide table with those before."""
    X, y = make_classification(300, n_columns, n_informative=20, weights=[0.9], flip_y=0.03, random_state=0)
    unit = forest_seconds()
    ours = cpu_seconds(lambda: GANOversampler(random_state=1).fit_resample(X, y))
    before = BEFORE[n_columns] * unit
    return _bar(f"{n_columns} columns: before / now", before, ours, before / ours, 5.0)


def forest_seconds() -> float:
    """CPU seconds of a forest, the unit of what was measured before."""
    X, y = make_classification(2000, 50, n_informative=10, random_state=0)
    return cpu_seconds(lambda: RandomForestClassifier(100, random_state=0).fit(X, y))


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process, which other processes on the machine hardly change."""
    began = time.process_time()
    work()
    return time.process_time() - began


def two_jobs() -> Bar:
    """Compare fits one after the other with two at a time, as ``benchmarks.run --jobs`` runs cells."""
    seconds = []
    for jobs in (1, 2):
        work = Parallel(jobs)
        work(delayed(_fit)(seed) for seed in range(2))  # starts the workers and loads what they need
        began = time.perf_counter()
        work(delayed(_fit)(seed) for seed in range(2 * N_PAIRS))
        seconds.append(time.perf_counter() - began)
    one, two = seconds
    return _bar("two jobs of fits: one / two", one, two, one / two, 1.7)


def _fit(seed: int) -> None:
    with quiet_single_thread():
        X, y = make_classification(500, 8, n_informative=5, weights=[0.93], flip_y=0.03, random_state=0)
        GANOversampler(random_state=seed).fit_resample(X, y)


def _bar(name: str, other: float, ours: float, ratio: float, wanted: float | None) -> Bar:
    return {"bar": name, "other_s": other, "ours_s": ours, "ratio": ratio, "wanted": wanted}


def measured(folder: Any, n_tables: int, columns: Sequence[int]) -> Iterator[Bar]:
    """Measure the bars one by one."""
    with quiet_single_thread():
        _fit(0)  # loads torch
        if folder is not None:
            names = SUITES["keel"].names(folder)
            tables = [load(name, folder) for name in names[:: max(1, len(names) // n_tables)]]
            keel, adult = ({peer: bars[i] for peer, bars in PEERS.items()} for i in (0, 1))
            yield from against_peers(tables, "KEEL", keel)
            yield from against_peers([load("adult", folder)], "adult", adult)
        for n_columns in columns:
            yield wide(n_columns)
        yield two_jobs()


def report(bars: pd.DataFrame) -> str:
    """Write the table of bars."""
    texts = bars.assign(
        **{name: bars[name].map("{:.1f}".format) for name in ("other_s", "ours_s", "ratio")},
        wanted=bars["wanted"].map("at least {:g}".format),
    )
    return md.page("# Speed: ratios of two times in one run", md.table(texts))


def main(argv: Sequence[str] | None = None) -> None:
    """Measure the bars and print them."""
    command = parser("speed_bars", __doc__)
    command.add_argument("--tables", type=int, default=9, help="of KEEL, evenly over all sizes (9)")
    command.add_argument("--columns", type=int, nargs="*", default=list(BEFORE), choices=list(BEFORE))
    options = command.parse_args(argv)
    bars = pd.DataFrame(measured(data_folder(options.data_dir), options.tables, options.columns))
    save(bars, report(bars), options.out)
    note_run(options.out, fresh=True, tables=options.tables)


if __name__ == "__main__":
    main()
