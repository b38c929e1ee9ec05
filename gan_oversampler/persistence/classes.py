"""The classes of this package that a file may hold, each by its name: nothing else is ever made of a file.

A new class that a fitted sampler keeps needs an entry here; a test says so.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final

from gan_oversampler._utils import Streams
from gan_oversampler.callbacks import Event
from gan_oversampler.constraints import Between, OneOf, Order, Sum
from gan_oversampler.encoding.categorical import Categorical, Constant
from gan_oversampler.encoding.cells import CellFormat, Cells
from gan_oversampler.encoding.containers import ArrayTable
from gan_oversampler.encoding.dataframes import FrameTable, PandasTable
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.encoding.datetime import DateTime
from gan_oversampler.encoding.derived import Gap, TakenValues, Total
from gan_oversampler.encoding.grids import Levels, Steps
from gan_oversampler.encoding.labels import Target
from gan_oversampler.encoding.layout import Block, Layout
from gan_oversampler.encoding.numeric import Numeric
from gan_oversampler.encoding.real_rows import RealRows
from gan_oversampler.encoding.relations import Check, Combinations, Relations
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.encoding.scales import Months, Ticks
from gan_oversampler.encoding.table_encoder import TableEncoder, frames_of
from gan_oversampler.encoding.transforms import ShiftedLog
from gan_oversampler.encoding.wide_integers import WideInteger
from gan_oversampler.gans.evolution import Evolution
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.parts import Cell, Critic, Generator
from gan_oversampler.nn.cell_shapes import CellShape
from gan_oversampler.nn.cells import CellNet
from gan_oversampler.nn.convolution import Decoder
from gan_oversampler.nn.generator import (
    ClassicGenerator,
    CorrectionBounds,
    GuidedGenerator,
    ResidualGenerator,
    Snapshot,
)
from gan_oversampler.nn.grid_cells import GridCellNet
from gan_oversampler.nn.image_grid import Canvas
from gan_oversampler.nn.latent import Latent
from gan_oversampler.nn.learned_geometry import LearnedGeometry
from gan_oversampler.nn.mlp import Mlp
from gan_oversampler.nn.optimizers import Moments
from gan_oversampler.oracles.registry import ORACLES
from gan_oversampler.outcomes import Outcome, Training
from gan_oversampler.persistence.packing import Form, Json, NoFormError, Packer, Unpacker, of_fields
from gan_oversampler.plan import Plan
from gan_oversampler.progress import Progress, Tracked
from gan_oversampler.reporting.evidence import CACHED, Evidence, Fidelity, FoldEvidence
from gan_oversampler.reporting.facts import ClassSize, Copies, Entry, LabelScores, Parameter, TableSize
from gan_oversampler.reporting.gain import Gain
from gan_oversampler.reporting.model_summary import Layer, ModelSummary, Network
from gan_oversampler.reporting.report import Report
from gan_oversampler.reporting.search_facts import SearchFacts, TrialFacts
from gan_oversampler.sampling.acceptance import Acceptance, CappedRatio, Rejection, ShiftedLogit
from gan_oversampler.sampling.density_ratio import RatioCritic
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.neighbourhood import Neighbourhood
from gan_oversampler.sampling.policy import Policy
from gan_oversampler.sampling.policy_source import PolicySource
from gan_oversampler.sampling.rejection import Gate, RejectionSource
from gan_oversampler.sampling.sources import BaseSource, GeneratorSource, Mixture
from gan_oversampler.selection.problem import Problem
from gan_oversampler.selection.scoring import ScoringFailure
from gan_oversampler.training.cohort import CohortNumbers, DrawnAhead
from gan_oversampler.training.data import TrainingData
from gan_oversampler.training.loop import Budget, Candidate, Scored, Tracker
from gan_oversampler.training.members import Player, State
from gan_oversampler.training.population import PopulationNumbers
from gan_oversampler.workflow import Fit

# Encoded columns: lengths are only numbers in a file, and index arrays grow with them.
MAX_WIDTH: Final = 100_000

DATACLASSES: Final[tuple[type, ...]] = (
    *(Between, OneOf, Order, Sum, Event, Streams),
    *(ArrayTable, Block, Categorical, CellFormat, Cells, Check, Combinations, Constant, DateTime),
    *(FrameTable, Gap, Layout, Levels, Months, Numeric, PandasTable, Relations, ShiftedLog, Steps),
    *(RealRows, TableEncoder, TakenValues),
    *(Target, Ticks, Total, WideInteger),
    *(Canvas, CellNet, CellShape, ClassicGenerator, CorrectionBounds, Decoder, GridCellNet),
    *(GuidedGenerator, Latent, LearnedGeometry, Mlp, ResidualGenerator, Snapshot),
    *(Acceptance, BaseSource, CappedRatio, FoldData, Gate, GeneratorSource, Mixture, Neighbourhood, Policy),
    *(PolicySource, RatioCritic, Rejection, RejectionSource, ShiftedLogit),
    *(Cell, Critic, Evolution, GAN, Generator),
    *(ClassSize, Copies, TableSize),
    *(Entry, Fidelity, FoldEvidence, Gain, LabelScores, Layer, ModelSummary, Network, Parameter, Report),
    *(SearchFacts, TrialFacts),
    *(Budget, Candidate, Fit, Outcome, Problem, Training),
    # Of checkpoints alone.
    *(CohortNumbers, DrawnAhead, Moments, Player, PopulationNumbers, Progress, Scored, ScoringFailure, State),
    *(Tracked, Tracker, TrainingData),
)


def _names(kind: type) -> list[str]:
    return [part.name for part in fields(kind)]


def _write_rows(rows: Rows, pack: Packer) -> Json:
    """Write encoded rows; those that lead to the user's table, by the table and its encoder."""
    parts = [rows.values, rows.codes, rows.classes, rows.origin, rows.weights, rows.groups]
    if isinstance(rows.frames, partial) and rows.frames.func is frames_of:
        parts += rows.frames.args
    elif rows.frames is not Rows.frames:  # the default
        raise NoFormError(rows.frames)
    return [pack(part) for part in parts]


def _read_rows(content: Json, unpack: Unpacker) -> Rows:
    values, codes, classes, origin, weights, groups, *table = map(unpack, content)
    rows = Rows(values, codes, classes, origin=origin, weights=weights, groups=groups)
    return replace(rows, frames=partial(frames_of, *table), recode=table[0].recode) if table else rows


def _read_space(content: Json, unpack: Unpacker) -> RowSpace:
    layout = unpack(content)
    if not 0 <= layout.width <= MAX_WIDTH:
        raise ValueError(f"Rows of {layout.width} encoded columns are not read.")
    return RowSpace(layout)


def _oracle(kind: Any) -> Form:
    return of_fields(kind, list(inspect.signature(kind).parameters))


def _of_search(name: str, module: str, params: Sequence[str]) -> Form:
    """Form of a class of the search, which is imported when a file holds one: the package works without."""

    def read(content: Json, unpack: Unpacker) -> Any:
        kind = getattr(import_module(module), name)
        return kind(**{param: unpack(content[param]) for param in params})

    def write(value: Any, pack: Packer) -> Json:
        return {param: pack(getattr(value, param)) for param in params}

    return Form(f"{module}.{name}", write, read, is_node=True)


OF_SEARCH: Final = (
    *("strategy", "space", "n_trials", "max_time", "batch", "storage", "study_name", "holdout", "pruner"),
    *("random_state", "grace"),
)
CLASSES: Final[Mapping[str, Form]] = MappingProxyType(
    {kind.__name__: of_fields(kind, _names(kind)) for kind in DATACLASSES}
    | {kind.__name__: _oracle(kind) for kind in ORACLES.values()}
    | {
        "Evidence": of_fields(Evidence, _names(Evidence), caches=CACHED),
        # Another oracle may still score the candidates; those that trained them are no longer needed.
        "Plan": of_fields(Plan, _names(Plan), oracles={}, cv=None, search=None),
        "Search": _of_search("Search", "gan_oversampler.search.search", OF_SEARCH),
        "SearchSpace": _of_search("SearchSpace", "gan_oversampler.search.space", ["dimensions"]),
        "RowSpace": Form(RowSpace, lambda space, pack: pack(space.layout), _read_space, is_node=True),
        "Rows": Form(Rows, _write_rows, _read_rows, is_node=True),
    }
)
