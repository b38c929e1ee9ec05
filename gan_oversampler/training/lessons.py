"""Inner splits for the utility force, drawn ahead: what a learner studies, what it is quizzed on.

Seeds of synthetic rows and their friends come from the rows to study only, so nothing of a quiz reaches
the learner. All shapes are the same for every member, however many rows it has: small classes are
repeated and share their weight, large ones are sampled anew in every block.
"""

# T lesson, n row of a class, R slot, C class, F encoded column

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_oversampler.gans.utility import Lesson
from gan_oversampler.nn.learned_geometry import Start
from gan_oversampler.sampling.base_samplers import Chance
from gan_oversampler.sampling.pool import Pool

QUIZ: Final = 0.3  # share of the rows
RARE, COMMON = 64, 256  # slots of a class to be oversampled, and of all the others together
LEAST: Final = 32  # slots of a class
MOST: Final = 2048  # rows of a class that one block uses
N_WAVES: Final = 64
FEW: Final = 3  # columns that a sparse wave involves at most
N_LINES: Final = 64  # linear features at most
WIDTHS: Final = (0.5, 4.0)  # kernel widths, in median distances: one over these, log-uniform
RIDGE_SPREAD: Final = 1.0  # standard deviation of the logarithm of the ridge, whose median is 1


@dataclass(frozen=True)
class Split:
    """T random splits of the rows of one class: positions ``(T, n)``, the first ``n_quiz`` for the quiz."""

    order_Tn: Tensor
    n_quiz: int
    n_rows: int

    @classmethod
    def draw(cls, n_rows: int, n_lessons: int, stream: torch.Generator) -> Split:
        used = torch.randperm(n_rows, generator=stream)[:MOST]
        order = torch.rand(n_lessons, len(used), generator=stream).argsort(1)
        n_quiz = max(1, int(QUIZ * len(used))) if len(used) > 1 else 0
        return cls(used[order], n_quiz, n_rows)

    def slots(self, n_slots: int, *, quiz: bool) -> tuple[Tensor, Tensor]:
        """Positions ``(T, R)`` and how many rows each stands for."""
        part = self.order_Tn[:, : self.n_quiz] if quiz else self.to_study
        n, total = part.shape[1], self.order_Tn.shape[1]
        if not n:
            return torch.zeros(len(part), n_slots, dtype=torch.long), torch.zeros(n_slots)
        place = torch.arange(n_slots) % n
        weight = 1 / place.bincount(minlength=n)[place]
        weight = weight * (n / min(n, n_slots)) * (self.n_rows / total)
        return part[:, place], weight

    @property
    def to_study(self) -> Tensor:
        """Positions ``(T, n)`` of the rows to study."""
        return self.order_Tn[:, self.n_quiz :]

    @property
    def studied(self) -> Tensor:
        """Which of all rows of the class may be studied."""
        mask = torch.zeros(len(self.order_Tn), self.n_rows, dtype=torch.bool)
        return mask.scatter_(1, self.to_study, value=True)


@dataclass(frozen=True)
class Lessons:
    """Endless lessons of one member.

    Parameters
    ----------
    pool : Pool
        Rows that the member may see.
    stream : Generator
        The member's own.
    """

    pool: Pool
    stream: torch.Generator

    def draw(self, n_lessons: int, batch_size: int) -> tuple[Start, Tensor, Lesson]:
        """Starts ``(T, B, ...)`` of generated rows, their class ``(B,)``, and what they are judged by."""
        splits = {c: Split.draw(len(rows), n_lessons, self.stream) for c, rows in self.pool.rows.items()}
        label = torch.arange(batch_size) % len(self.pool.classes)
        label = label.sort().values
        counts = label.bincount(minlength=len(self.pool.classes)).tolist()
        seeds = [self._seeds(c, splits, k) for c, k in zip(self.pool.classes, counts, strict=True)]
        start = Start(
            *(torch.cat([getattr(part, field.name) for part, _ in seeds], dim=1) for field in fields(Start))
        )
        spare = torch.cat([weight for _, weight in seeds]).log()
        return start, label, self._lesson(splits, spare.expand(n_lessons, -1))

    def _seeds(self, code: int, splits: dict[int, Split], n: int) -> tuple[Start, Tensor]:
        """Starts from the rows to study, and how many rows each seed stands for."""
        hood, split = self.pool.hoods[code], splits[code]
        seeds_TB, weight_B = split.slots(n, quiz=False)
        friends_TB = self._friends(hood.circle_nK, seeds_TB, split.studied)
        known = {code: split.to_study for code, split in splits.items()}
        donors_TBF = self.pool.donors(seeds_TB.shape, self.stream, known)
        chance = Chance.draw(seeds_TB.numel(), self.pool.space.width, self.stream)
        start = hood.start(
            seeds_TB.flatten(), friends_TB.flatten(), donors_TBF.flatten(0, 1), chance, self.stream
        )
        return start.each(lambda part: part.unflatten(0, seeds_TB.shape)), weight_B

    def _friends(self, circle_nK: Tensor, seeds_TB: Tensor, study_Tn: Tensor) -> Tensor:
        """One of the nearest few friends of each seed that may be studied; itself if there is none."""
        circle_TBK = circle_nK[seeds_TB]
        known_TBK = study_Tn.gather(1, circle_TBK.flatten(1)).view(circle_TBK.shape)
        rank_TBK = known_TBK.cumsum(-1)
        n_known_TB1 = rank_TBK[..., -1:].clamp(max=(circle_nK.shape[1] + 1) // 2)
        chosen_TB1 = (torch.rand(n_known_TB1.shape, generator=self.stream) * n_known_TB1).long() + 1
        found_TBK = known_TBK & (rank_TBK == chosen_TB1)
        friend_TB = circle_TBK.gather(-1, found_TBK.float().argmax(-1, keepdim=True))[..., 0]
        return torch.where(found_TBK.any(-1), friend_TB, seeds_TB)

    def _lesson(self, splits: dict[int, Split], spare_TB: Tensor) -> Lesson:
        study, study_mass = self._sheet(splits, quiz=False)
        quiz, quiz_mass = self._sheet(splits, quiz=True)
        n_lessons = len(study)
        shares = torch.tensor([self.pool.shares.get(c, 0.0) for c in splits])
        low, high = (torch.tensor(w).log() for w in WIDTHS)
        tempo_T11 = torch.lerp(low, high, torch.rand(n_lessons, 1, 1, generator=self.stream)).exp()
        waves = self._waves(n_lessons)
        return Lesson(
            study,
            study_mass,
            quiz,
            quiz_mass,
            study_mass.sum(1) * shares,
            spare_TB,
            self.pool.asked.expand(n_lessons, -1),
            waves * tempo_T11 / self.pool.unit,
            torch.rand(n_lessons, 1, N_WAVES, generator=self.stream) * 2 * torch.pi,
            self._lines(n_lessons),
            (RIDGE_SPREAD * torch.randn(n_lessons, generator=self.stream)).exp(),
        )

    def _waves(self, n_lessons: int) -> Tensor:
        """Directions ``(T, F, D)`` of a Gaussian kernel, in half of the lessons along a few columns each.

        A kernel over all columns sees little of what one or two of them tell. Directions along a few are
        longer, so that the distance between two rows is as long on average.
        """
        width = self.pool.space.width
        shape = (n_lessons, width, N_WAVES)
        waves = torch.randn(shape, generator=self.stream)
        most = min(FEW, width)
        chosen = torch.rand(shape, generator=self.stream).topk(most, dim=1).indices
        n_columns = torch.randint(1, most + 1, (n_lessons, 1, N_WAVES), generator=self.stream)
        taken = (torch.arange(most)[:, None] < n_columns) * (width / n_columns).sqrt()
        few = torch.zeros(shape).scatter_(1, chosen, taken)
        coin = torch.rand(n_lessons, 1, 1, generator=self.stream) < 0.5
        return waves * torch.where(coin, few, 1.0)

    def _lines(self, n_lessons: int) -> Tensor | None:
        """As many random mixtures of the columns as a small solve can bear; None for the columns."""
        width = self.pool.space.width
        if width <= N_LINES:
            return None
        return torch.randn(n_lessons, width, N_LINES, generator=self.stream) / N_LINES**0.5

    def _sheet(self, splits: dict[int, Split], *, quiz: bool) -> tuple[Tensor, Tensor]:
        """Rows ``(T, R, F)`` of all classes, and their weights in the column of their class."""
        rows, masses = [], []
        scale = torch.from_numpy(self.pool.space.layout.scale)
        for number, (code, split) in enumerate(splits.items()):
            index_TR, weight_R = split.slots(self._n_slots(code), quiz=quiz)
            mine = self.pool.rows[code] if split.n_rows else torch.zeros(1, len(scale))
            rows.append(F.embedding(index_TR, mine * scale))  # the quickest way to look rows up
            mass_RC = torch.zeros(len(weight_R), len(splits))
            mass_RC[:, number] = weight_R
            masses.append(mass_RC.expand(len(index_TR), -1, -1))
        return torch.cat(rows, 1), torch.cat(masses, 1)

    def _n_slots(self, code: int) -> int:
        shares = self.pool.shares
        if shares.get(code, 0.0):
            return RARE
        n_others = sum(not shares.get(c, 0.0) for c in self.pool.rows)
        return max(LEAST, COMMON // n_others)
