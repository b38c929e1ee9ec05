"""The study of imports measures statements in new processes, as multiples of imbalanced-learn's."""

import pandas as pd

from benchmarks.studies import imports


def test_every_statement_runs_once_per_round_in_a_process_of_its_own():
    statements = ("import abc", "import time; time.sleep(0.05)")
    rows = imports.measure(statements, rounds=2)
    assert rows["statement"].tolist() == [*statements] * 2
    seconds = rows.set_index("statement")["seconds"]
    assert (seconds[statements[1]] >= 0.05).all()


def test_ratios_are_those_of_the_fewest_seconds():
    rows = pd.DataFrame(
        [[imports.STANDARD, 2.0, 9.0], ["ours", 3.0, 8.0], ["ours", 2.5, 7.0], ["ours", 99.0, 6.0]],
        columns=["statement", "CPU seconds", "seconds"],
    )
    found = imports.summary(rows).set_index("statement")
    assert found.loc["ours"].to_dict() == {"CPU seconds": 2.5, "seconds": 6.0, "times imblearn": 1.25}
    assert found.loc[imports.STANDARD, "times imblearn"] == 1
