from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# Discards what is sent to it, so nothing listens there.
NOWHERE = "postgresql://127.0.0.1:9/test"


@pytest.mark.parametrize(("required", "outcome"), [("1", "1 error"), ("0", "1 skipped"), ("", "1 skipped")])
@pytest.mark.parametrize("driver", ["installed", "missing"])
def test_missing_server_or_driver_fails_only_where_it_is_required(
    required: str, outcome: str, driver: str, tmp_path: Path
) -> None:
    (tmp_path / "hide_driver.py").write_text("import sys\nsys.modules['psycopg'] = None\n")
    environment = {
        **os.environ,
        "MOVIEREC_TEST_POSTGRES": NOWHERE,
        "MOVIEREC_REQUIRE_SERVERS": required,
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{HERE.parent}",
    }
    command = [sys.executable, "-m", "pytest", f"--confcutdir={HERE}", "-k", "up_down_up and postgresql"]
    if driver == "missing":
        command += ["-p", "hide_driver"]
    ended = subprocess.run(
        [*command, str(HERE / "test_migrations.py")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert outcome in ended.stdout
    assert (ended.returncode != 0) == (required == "1")
