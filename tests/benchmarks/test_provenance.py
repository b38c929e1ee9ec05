"""Results say where they come from."""

from benchmarks.provenance import command


def test_recorded_commands_name_no_folders_of_this_machine():
    argv = ["/x/benchmarks/run.py", "--data-dir", "/home/me/data", "--out=/tmp/a.csv"]
    assert command(argv) == "python -m benchmarks.run --data-dir data --out=a.csv"
