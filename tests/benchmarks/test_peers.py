"""The way to other people's oversamplers and back, tried with made-up peers in this environment."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from benchmarks.peers import Peer, PeerError, PeerMissing, available, client, server, setup

FAKES = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
import server

def echo(request):
    return request.with_new(request.X[request.y == 1].iloc[[0] * request.missing_rows])

def half(request):
    new = request.minority().iloc[[0] * request.missing_rows]
    return request.with_new(new.assign(**{name: new[name] + 0.4 for name in request.numeric}))

def noise(request):
    rows = server.np.random.choice(server.np.flatnonzero(request.y), request.missing_rows)
    return request.with_new(request.minority().loc[rows - rows.min()])

def chatter(request):
    print("chatter " * 10_000)
    os.system("echo from a child")
    os.write(1, b"straight to the pipe\\n")
    return echo(request)

def fails(request):
    raise KeyError("no such luck")

def leaves(request):
    sys.exit("done here")

def dies(request):
    print("the last words")
    sys.stdout.flush()
    os._exit(3)

def hangs(request):
    time.sleep(60)

def strict(request):
    request.numbers()

peers = [echo, half, noise, chatter, fails, leaves, dies, hangs, strict]
packages = {peer.__name__: ("numpy", "numpy") for peer in peers}
server.serve(
    {**{peer.__name__: peer for peer in peers}, "absent": echo},
    {**packages, "absent": ("no_such_module", "no-such-module")},
)
"""


@pytest.fixture(scope="module", autouse=True)
def fake_peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A server with made-up peers."""
    script = tmp_path_factory.mktemp("peers") / "fakes.py"
    script.write_text(FAKES, "utf-8")
    client.stop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(client.VARIABLE, shlex.join([sys.executable, str(script), str(client.HERE)]))
        yield
    client.stop()


@pytest.fixture
def no_server() -> Iterator[None]:
    """None runs before the test, and what it starts ends with it."""
    client.stop()
    yield
    client.stop()


def _arrays(n: int = 12) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(0).normal(size=(n, 3))
    return X, (np.arange(n) >= n - 4).astype(int)


def _mixed() -> tuple[pd.DataFrame, pd.Series]:
    """Each kind of column, gaps where it may have any, the last rows the minority."""
    X = pd.DataFrame(
        {
            "float": [0.1, np.nan, 2.5, -1.0, 1e300, 3.0],
            "small": np.array([1, 2, 3, 4, 5, 6], dtype=np.float32),
            "whole": [5, 4, 3, 2, 1, 0],
            "whole or not": pd.array([1, None, 3, 4, 5, None], dtype="Int64"),
            "truth": [True, False, True, True, False, True],
            "level": pd.Categorical(list("abcaba"), categories=list("cbaz"), ordered=True),
            "number as level": pd.Categorical([1, 2, None, 1, 2, 1]),
            "object": pd.Series(["x", None, "größer", "x", "", "x"], dtype=object),
            7: pd.Series(["p", "q", np.nan, "p", "q", "p"]),
        }
    )
    return X, pd.Series([0, 0, 0, 0, 1, 1], name="target")


def test_arrays_come_back_with_new_rows():
    X, y = _arrays()
    peer = Peer("echo")
    X_new, y_new = peer.fit_resample(X, y)
    np.testing.assert_array_equal(X_new[:12], X)
    np.testing.assert_array_equal(X_new[12:], X[[8] * 4])
    assert np.bincount(y_new).tolist() == [8, 8]
    assert peer.seconds_ >= 0
    assert np.isnan(peer.peak_mb_) or peer.peak_mb_ >= 0


def test_float32_stays_float32():
    X, y = _arrays()
    assert Peer("echo").fit_resample(X.astype(np.float32), y)[0].dtype == np.float32


def test_mixed_frame_keeps_cells_columns_and_types():
    X, y = _mixed()
    X_new, y_new = Peer("echo").fit_resample(X, y)
    expected = pd.concat([X, X.iloc[[4, 4]]], ignore_index=True)
    pd.testing.assert_frame_equal(X_new, expected)
    pd.testing.assert_series_equal(y_new, pd.Series([0, 0, 0, 0, 1, 1, 1, 1], name="target"))


def test_index_of_the_input_is_no_matter():
    X, y = _mixed()
    expected = Peer("echo").fit_resample(X, y)[0]
    X.index = y.index = pd.Index(list("fedcba"))
    pd.testing.assert_frame_equal(Peer("echo").fit_resample(X, y)[0], expected)


def test_new_rows_have_whole_numbers_and_medians():
    X, y = _mixed()
    new = Peer("half").fit_resample(X, y)[0].iloc[6:]
    assert new["whole"].tolist() == [1, 1]
    assert new["whole or not"].tolist() == [5, 5]
    assert new["small"].tolist() == [np.float32(5.4)] * 2


def test_only_categories():
    X, y = _mixed()
    X = X[["level", "object"]]
    pd.testing.assert_frame_equal(Peer("half").fit_resample(X, y)[0].iloc[:6], X)


def test_same_seed_same_rows():
    X, y = _arrays(60)
    first, again, other = (Peer("noise", random_state=seed).fit_resample(X, y)[0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_chatter_does_not_reach_the_pipe():
    X, y = _arrays()
    for _ in range(2):
        np.testing.assert_array_equal(Peer("chatter").fit_resample(X, y)[0][:12], X)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fails", "KeyError: 'no such luck'"),
        ("leaves", "SystemExit: done here"),
        ("dies", r"died \(exit code 3\): the last words"),
        ("nobody", "ValueError: Unknown peer 'nobody'. Known are: .*echo"),
    ],
)
def test_errors_arrive_and_the_next_call_works(name: str, message: str):
    X, y = _arrays()
    with pytest.raises(PeerError, match=message):
        Peer(name).fit_resample(X, y)
    assert len(Peer("echo").fit_resample(X, y)[0]) == 16


def test_hang_is_ended_and_the_next_call_works():
    X, y = _arrays()
    Peer("echo").fit_resample(X, y)
    with pytest.raises(PeerError, match=r"no answer within 0\.3 seconds"):
        Peer("hangs", timeout=0.3).fit_resample(X, y)
    assert len(Peer("echo").fit_resample(X, y)[0]) == 16


def test_peer_for_numbers_says_what_it_needs():
    X, y = _mixed()
    with pytest.raises(PeerError, match="5 columns of categories and 6 missing cells"):
        Peer("strict").fit_resample(X, y)


def test_classes_must_be_zero_and_one():
    with pytest.raises(ValueError, match=r"y must hold 0 and 1 \(the minority\), got \[1 2\]"):
        Peer("echo").fit_resample(np.zeros((3, 1)), [1, 2, 1])


def test_absence_of_a_peer_explains_itself():
    X, y = _arrays()
    with pytest.raises(PeerMissing, match=r"absent cannot be imported: ModuleNotFoundError.*bench-setup"):
        Peer("absent").fit_resample(X, y)
    found = available()
    assert found["echo"] == np.__version__
    assert found["absent"].startswith("missing: ModuleNotFoundError")


@pytest.mark.usefixtures("no_server")
def test_absence_of_the_environment_explains_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv(client.VARIABLE)
    monkeypatch.setattr(client, "PYTHON", tmp_path / "python")
    found = available()
    assert list(found) == list(server.PEERS)
    assert all(reason.startswith("missing: ") and "make bench-setup" in reason for reason in found.values())
    with pytest.raises(PeerMissing, match="make bench-setup"):
        Peer("ctgan").fit_resample(*_arrays())


@pytest.mark.usefixtures("no_server")
def test_broken_environment_explains_itself(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(client.VARIABLE, shlex.join([sys.executable, "-c", "import no_such_module"]))
    assert "No module named 'no_such_module'" in available()["ctgan"]


@pytest.mark.slow
def test_each_worker_has_its_own_server():
    X, y = _arrays()
    calls = (joblib.delayed(clone(Peer("echo")).fit_resample)(X, y) for _ in range(3))
    assert [len(X_new) for X_new, _ in joblib.Parallel(n_jobs=2)(calls)] == [16] * 3


def test_every_peer_has_a_package_and_a_pin():
    assert set(server.PEERS) == set(server.PACKAGES)
    pinned = setup.groups(setup.REQUIREMENTS.read_text("utf-8"))
    names = {line.split("==")[0] for lines in pinned.values() for line in lines}
    assert {distribution for _, distribution in server.PACKAGES.values()} <= names
    assert pinned["torch"][-1].startswith("torch==")


@pytest.mark.usefixtures("no_server")
@pytest.mark.slow
@pytest.mark.parametrize("name", server.PEERS)
def test_real_peer_balances(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(client.VARIABLE)
    X, y = _arrays(60)
    y[-20:] = 1
    try:
        X_new, y_new = Peer(name).fit_resample(X, y)
    except PeerMissing as missing:
        pytest.skip(str(missing))
    np.testing.assert_allclose(X_new[:60], X)
    assert np.bincount(y_new).tolist() == [40, 40]
    assert np.isfinite(X_new).all()
