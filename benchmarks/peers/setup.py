"""Builds the peers' environment: each group of ``requirements.txt`` on its own, since some may fail.

``python benchmarks/peers/setup.py FOLDER`` needs the standard library only. It leaves FOLDER/.stamp when
everything went in, so that `make bench-setup` tries again what failed.
"""

from __future__ import annotations

import re
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

REQUIREMENTS: Final = Path(__file__).resolve().with_name("requirements.txt")
BASE: Final = "common"
# Its dependencies depend on the build: none for a CPU, many for CUDA.
WITH_DEPENDENCIES: Final = frozenset({"torch"})
GROUP: Final = re.compile(r"^# \[([\w-]+)\].*\n((?:[^#\n].*\n)+)", re.MULTILINE)


def groups(text: str) -> dict[str, list[str]]:
    """Read the pinned packages of every group."""
    return {name: lines.split() for name, lines in GROUP.findall(text)}


def install(python: Path, name: str, packages: list[str]) -> bool:
    """Install a group; tell whether it could be installed."""
    print(f"  {name} ...", flush=True)
    pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    how = ["-c", str(REQUIREMENTS)] if name in WITH_DEPENDENCIES else ["--no-deps"]
    return subprocess.run([*pip, *how, *packages], check=False).returncode == 0


def build(folder: Path) -> int:
    """Make the environment; 1 if not even the common packages could be installed."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True, symlinks=True)
    wanted = groups(REQUIREMENTS.read_text("utf-8"))
    failed = [name for name, packages in wanted.items() if not install(python, name, packages)]
    if failed:
        print(f"Not installed: {', '.join(failed)}. Their peers are reported as missing.", file=sys.stderr)
        return int(BASE in failed)
    (folder / ".stamp").touch()
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"One folder is needed, got {sys.argv[1:]}. Run: python {sys.argv[0]} build/peers")
    sys.exit(build(Path(sys.argv[1])))
