"""The wheel holds all that the product needs, and works without the checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
USE = """
import sys, tempfile, pathlib
sys.path.insert(0, sys.argv[1])
import lti_tool
from lti_tool.settings import Settings
assert lti_tool.__file__.startswith(sys.argv[1]), lti_tool.__file__
settings = Settings(base_url="http://localhost:5000", secret_key="s" * 40, data_dir=pathlib.Path(tempfile.mkdtemp()),
                    encryption_key="MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
client = lti_tool.create_app(settings).test_client()
page = client.get("/", headers={"Accept-Language": "en"}).get_data(as_text=True)
assert '<html lang="en"' in page and "Help" in page, page
assert client.get("/static/style.css").status_code == 200
assert client.get("/docs/help").status_code == 200
from lti_tool.demo import content
assert content.load().people
print("works")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built from what git knows, as from a fresh clone."""
    clone, out = tmp_path_factory.mktemp("clone"), tmp_path_factory.mktemp("wheel")
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    subprocess.run(["git", "-C", ROOT, "checkout-index", "-a", f"--prefix={clone}/"], check=True)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", out, clone]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return next(out.glob("*.whl"))


def test_templates_static_files_translations_and_made_up_people_are_inside(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    for name in (
        "lti_tool/_templates/base.html",
        "lti_tool/web/static/style.css",
        "lti_tool/translations/en/LC_MESSAGES/messages.mo",
        "lti_tool/docs/nl/help.md",
        "lti_tool/db/migrations/versions/0001_house.py",
        "lti_tool/demo/content/people.toml",
        "lti_tool/demo/static/lms.css",
        "connectors/http.py",
    ):
        assert name in inside, name
    assert not [name for name in inside if name.startswith(("tests/", "templates/")) or name.endswith(".po")]


def test_an_installed_wheel_works_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    used = subprocess.run(
        [sys.executable, "-c", USE, str(tmp_path / "site")], capture_output=True, text=True, cwd=tmp_path
    )
    assert used.stdout.strip().splitlines()[-1:] == ["works"], used.stderr
