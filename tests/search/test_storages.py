"""Storages are opened from paths and URLs; what cannot be reached says why, without passwords."""

import sqlite3

import optuna
import pytest
from optuna.storages import InMemoryStorage, JournalStorage
from sqlalchemy.exc import IntegrityError, OperationalError

from gan_oversampler.search import storages
from gan_oversampler.search.storages import open_storage, quiet
from tests.search.planted import searched, table


def test_paths_urls_and_storages_of_optuna_are_opened(tmp_path):
    assert isinstance(open_storage(None), InMemoryStorage)
    assert isinstance(open_storage(tmp_path / "journal.log"), JournalStorage)
    assert open_storage(memory := InMemoryStorage()) is memory
    assert not open_storage(f"sqlite:///{tmp_path}/a.db").get_all_studies()
    assert {path.name for path in tmp_path.iterdir()} >= {"journal.log", "a.db"}


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("{folder}/missing/journal.log", "FileNotFoundError"),
        ("{folder}", "IsADirectoryError"),
        ("{folder}/other.log", "JSONDecodeError|Invalid log"),
        ("sqlite:///{folder}/missing/a.db", "unable to open database file"),
        ("nonsense://somewhere", "NoSuchModuleError"),
    ],
)
def test_a_storage_that_cannot_be_reached_is_refused_before_anything_is_trained(tmp_path, place, reason):
    (tmp_path / "other.log").write_text("not a journal\nat all\n")
    place = place.format(folder=tmp_path)
    with pytest.raises(ValueError, match=rf"The storage '{place}' cannot be reached \(.*({reason})"):
        searched(lambda *its: pytest.fail("trained"), storage=place)


def test_passwords_stay_out_of_messages():
    with pytest.raises(ValueError, match=r"nonsense://\*\*\*@host/db") as caught:
        open_storage("nonsense://user:secret@host/db")
    assert "secret" not in f"{caught.value}{caught.value.__cause__}"


@pytest.mark.parametrize(
    "error",
    [
        IntegrityError("INSERT", {}, sqlite3.IntegrityError("UNIQUE constraint failed")),
        OperationalError("CREATE", {}, sqlite3.OperationalError("table studies already exists")),
    ],
)
def test_a_database_whose_tables_another_process_creates_meanwhile_is_opened_again(
    tmp_path, monkeypatch, error
):
    real, failures = storages.RDBStorage, [error]

    def opened(url):
        if failures:
            raise failures.pop()
        return real(url)

    monkeypatch.setattr(storages, "RDBStorage", opened)
    study = searched(storage=f"sqlite:///{tmp_path}/a.db")
    assert table(study) == table(searched())


def test_quiet_holds_the_log_back_and_puts_its_level_back():
    before = optuna.logging.get_verbosity()
    with quiet():
        assert optuna.logging.get_verbosity() == optuna.logging.ERROR
    assert optuna.logging.get_verbosity() == before
