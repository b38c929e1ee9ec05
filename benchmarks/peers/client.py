"""Oversamplers of other people, as if they were installed here: a server process runs them.

Their environment is built by ``make bench-setup``. ``GAN_OVERSAMPLER_PEERS`` may hold another command
line that starts a server.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import shlex
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from benchmarks.peers.server import LENGTH, PEERS, pack, unpack

VARIABLE: Final = "GAN_OVERSAMPLER_PEERS"
HERE: Final = Path(__file__).resolve().parent
PYTHON: Final = HERE.parents[1] / "build" / "peers" / "bin" / "python"
HELP: Final = "Run `make bench-setup`, which builds their environment in build/peers."
# One thread, no GPU, no random order of sets: the same rows and comparable times everywhere.
ENVIRONMENT: Final = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    **{"CUDA_VISIBLE_DEVICES": "", "PYTHONHASHSEED": "0"},
}

Message = tuple[dict[str, Any], dict[str, np.ndarray]]


class PeerError(RuntimeError):
    """The peer raised, died, or took too long."""


class PeerMissing(ImportError):  # noqa: N818
    """The peer, or the whole environment of the peers, is not there."""


def available(timeout: float = 300.0) -> dict[str, str]:
    """Return the version of every peer, or why it is missing."""
    try:
        return dict(_ask({"peer": None}, {}, timeout)[0]["versions"])
    except (PeerMissing, PeerError) as error:
        return dict.fromkeys(PEERS, f"missing: {error}")


class Peer(BaseEstimator):
    """An oversampler of the peers' environment.

    Parameters
    ----------
    name : str
        A key of ``server.PEERS``.
    random_state : int
        Seed of every generator the peer may use.
    timeout : float
        Seconds until the peer is given up and its process ended.

    Attributes
    ----------
    seconds_ : float
        Time of the method alone, without imports and transport.
    peak_mb_ : float
        Growth of the server's peak resident memory, NaN where the system does not tell. Memory kept
        from earlier calls is not counted again.
    """

    def __init__(self, name: str, random_state: int = 0, timeout: float = 600.0) -> None:
        self.name = name
        self.random_state = random_state
        self.timeout = timeout

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return the resampled table and its classes, in the containers and types that came."""
        classes = np.asarray(y)
        if not np.array_equal(np.unique(classes), [0, 1]):
            raise ValueError(f"y must hold 0 and 1 (the minority), got {np.unique(classes)[:5]}.")
        layout = Layout.of(X if isinstance(X, pd.DataFrame) else pd.DataFrame(np.asarray(X)))
        request = {"peer": self.name, "seed": int(self.random_state), "categorical": layout.categorical}
        arrays = {**layout.arrays(), "y": classes.astype(np.int64)}
        answer, arrays = _ask(request, arrays, self.timeout)
        self.seconds_, self.peak_mb_ = answer["seconds"], answer["peak_mb"]
        frame = layout.frame(arrays)
        classes = arrays["y"].astype(classes.dtype)
        y_new = pd.Series(classes, name=y.name).astype(y.dtype) if isinstance(y, pd.Series) else classes
        return frame if isinstance(X, pd.DataFrame) else frame.to_numpy(), y_new


@dataclass(frozen=True, slots=True)
class Layout:
    """A table and the places of its categories: columns of booleans, or of anything but numbers."""

    X: pd.DataFrame
    categorical: list[int]

    @classmethod
    def of(cls, X: pd.DataFrame) -> Layout:
        is_number, is_bool = pd.api.types.is_numeric_dtype, pd.api.types.is_bool_dtype
        return cls(X, [i for i, dtype in enumerate(X.dtypes) if not is_number(dtype) or is_bool(dtype)])

    @property
    def numeric(self) -> list[int]:
        return [place for place in range(self.X.shape[1]) if place not in self.categorical]

    def arrays(self) -> dict[str, np.ndarray]:
        """Split the table into what is sent: numbers, text, and where text is missing."""
        text = self.X.iloc[:, self.categorical]
        return {
            "numbers": self.X.iloc[:, self.numeric].to_numpy(dtype=float, na_value=np.nan),
            "categories": text.astype(object).map(str).to_numpy(str).reshape(text.shape),
            "missing": text.isna().to_numpy(bool),
        }

    def frame(self, arrays: Mapping[str, np.ndarray]) -> pd.DataFrame:
        """Join what came back, with the columns and types that were sent."""
        columns: dict[int, pd.Series] = {}
        for i, place in enumerate(self.numeric):
            values, dtype = arrays["numbers"][:, i], self.X.iloc[:, place].dtype
            whole = pd.api.types.is_integer_dtype(dtype)  # peers draw fractions
            columns[place] = pd.Series(np.round(values) if whole else values).astype(dtype)
        for i, place in enumerate(self.categorical):
            text = np.where(arrays["missing"][:, i], None, arrays["categories"][:, i].astype(object))
            columns[place] = _as_categories(text, self.X.iloc[:, place])
        frame = pd.concat([columns[place] for place in sorted(columns)], axis=1)
        return frame.set_axis(self.X.columns, axis=1)


def _as_categories(text: np.ndarray, like: pd.Series) -> pd.Series:
    """Text as the categories it stood for; a missing cell becomes the column's own missing value."""
    meanings = {str(value): value for value in like.dropna().unique()}
    gaps = like[like.isna()].astype(object)
    gap = gaps.iloc[0] if len(gaps) else np.nan
    values = [gap if cell is None else meanings[cell] for cell in text]
    return pd.Series(values, dtype=object).astype(like.dtype)


class Server:
    """A process that runs peers, and the pipes to it."""

    def __init__(self, command: list[str]) -> None:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        # A file, not a pipe, which nobody would empty; its last line explains a death.
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            env={**environment, **ENVIRONMENT},
        )

    def ask(self, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray], timeout: float) -> Message:
        """Send a message and wait for the answer; a server that gives none is closed."""
        deadline = time.monotonic() + timeout
        try:
            self._process.stdin.write(pack(header, arrays))
            self._process.stdin.flush()
            length = LENGTH.unpack(self._read(LENGTH.size, deadline))[0]
            return unpack(self._read(length, deadline))
        except TimeoutError:
            self.close()
            raise PeerError(f"TimeoutError: no answer within {timeout:g} seconds; raise timeout.") from None
        except (EOFError, BrokenPipeError):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            self._complaints.seek(0)
            lines = self._complaints.read().decode(errors="replace").strip().splitlines()
            code, words = self._process.returncode, lines[-1] if lines else "it said nothing"
            self.close()
            raise PeerError(f"the server process died (exit code {code}): {words}") from None
        except BaseException:  # an answer that nobody waits for must not reach the next question
            self.close()
            raise

    def _read(self, size: int, deadline: float) -> bytes:
        source, chunks = self._process.stdout.fileno(), []
        poll = select.poll()
        poll.register(source, select.POLLIN | select.POLLHUP)
        while size > 0:
            if not poll.poll(max(deadline - time.monotonic(), 0) * 1000):
                raise TimeoutError
            chunks.append(os.read(source, min(size, 1 << 20)))
            if not chunks[-1]:
                raise EOFError
            size -= len(chunks[-1])
        return b"".join(chunks)

    def close(self) -> None:
        """End the process at once."""
        self._process.kill()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        self._complaints.close()


# One server a process: a fork must not write into its parent's pipe, so it keeps that one unused.
_SERVERS: dict[int, Server] = {}
_LOCK: Final = threading.Lock()


def stop() -> None:
    """End this process's server, if there is one; the next question starts another."""
    if server := _SERVERS.pop(os.getpid(), None):
        server.close()


atexit.register(stop)


def _command() -> list[str]:
    """What starts a server."""
    if given := os.environ.get(VARIABLE):
        return shlex.split(given)
    if not PYTHON.exists():
        raise PeerMissing(f"The environment of the peers does not exist. {HELP}")
    return [str(PYTHON), "-s", "-P", "-W", "ignore", str(HERE / "server.py")]


def _ask(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray], timeout: float) -> Message:
    """Ask this process's server, started if need be, and raise what it reports."""
    with _LOCK:
        if os.getpid() not in _SERVERS:
            _SERVERS[os.getpid()] = Server(_command())
        try:
            answer, arrays = _SERVERS[os.getpid()].ask(header, arrays, timeout)
        except BaseException:  # it has closed itself
            del _SERVERS[os.getpid()]
            raise
    if "missing" in answer:
        raise PeerMissing(f"{header['peer']} cannot be imported: {answer['missing']}. {HELP}")
    if "error" in answer:
        raise PeerError(answer["error"])
    return answer, arrays
