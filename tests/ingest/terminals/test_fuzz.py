import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "fuzz_terminals.py"


def test_a_short_fuzzing_finds_nothing() -> None:
    told = subprocess.run(
        [sys.executable, str(SCRIPT), "--minutes", "1", "--streams", "3000", "--seed", "7"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "messages read" in told.stdout
