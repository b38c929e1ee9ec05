"""All targets by name."""

from __future__ import annotations

from tests.fuzz import command_line, pages, resampling, saved_files, specifications, table_files
from tests.fuzz.engine import Target

_OF_JSON = {"mutated": specifications.json_bytes_mutated}
TARGETS = {
    "from_json": Target(specifications.gan_seeds, run=specifications.run_gan, share=0.3, **_OF_JSON),
    "search space": Target(specifications.space_seeds, run=specifications.run_space, share=0.02, **_OF_JSON),
    "search journal": Target(
        specifications.journal_seeds, specifications.journal_mutated, specifications.run_journal, 0.13
    ),
    "table files": Target(table_files.seeds, table_files.mutated, table_files.run, 0.22),
    "command line": Target(command_line.seeds, command_line.mutated, command_line.run, 0.02),
    "parameters": Target(**resampling.by_hypothesis(resampling.parameters), share=0.04),
    "small tables": Target(**resampling.by_hypothesis(resampling.small_tables), share=0.05),
    "load": Target(saved_files.seeds, saved_files.mutated, saved_files.run, 0.2),
    "pages": Target(**resampling.by_hypothesis(pages.pages), share=0.02),
}
