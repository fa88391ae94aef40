"""`leerkring worker` keeps the schedule and works on the queue without pages, and stops when it is told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_starts_beside_serve_on_sqlite_and_stops_promptly(tmp_path: Path, told: signal.Signals) -> None:
    environ = {
        **os.environ,
        "LEERKRING_BASE_URL": "http://localhost:5000",
        "LEERKRING_SECRET_KEY": "x" * 40,
        "LEERKRING_ENCRYPTION_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "LEERKRING_DATA_DIR": str(tmp_path / "data"),
    }
    command = [sys.executable, "-m", "lti_tool.cli", "worker", "--threads", "2"]
    process = subprocess.Popen(command, env=environ, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr
        for line in process.stderr:
            if "working" in line:
                break
        assert process.poll() is None
        process.send_signal(told)
        began = time.monotonic()
        assert process.wait(30) == 0
        assert time.monotonic() - began < 10
    finally:
        process.kill()
        process.communicate()


def test_without_settings_it_says_what_to_do(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LEERKRING_")}
    command = [sys.executable, "-m", "lti_tool.cli", "worker"]
    ended = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "LEERKRING_BASE_URL is missing" in ended.stderr
