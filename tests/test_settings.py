"""A setting that is missing or wrong stops the start with a sentence that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from lti_tool.settings import SettingsError, load

GOOD = {
    "LEERKRING_BASE_URL": "https://leerkring.hospital.example/",
    "LEERKRING_SECRET_KEY": "s" * 32,
    "LEERKRING_ENCRYPTION_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}


def test_good_settings() -> None:
    settings = load(GOOD)
    assert settings.base_url == "https://leerkring.hospital.example"
    assert settings.encryption_key == b"01234567890123456789012345678901"
    assert settings.database_address.startswith("sqlite:///")


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_setting_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is missing"):
        load({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("LEERKRING_BASE_URL", "http://leerkring.hospital.example", "must begin with https"),
        ("LEERKRING_BASE_URL", "leerkring", "full address"),
        ("LEERKRING_BASE_URL", "https://leerkring.hospital.example/path", "without a path"),
        ("LEERKRING_SECRET_KEY", "short", "32 characters or more"),
        ("LEERKRING_ENCRYPTION_KEY", "abc", "32 bytes in base64"),
        ("LEERKRING_ENCRYPTION_KEY", "!" * 44, "32 bytes in base64"),
        ("LEERKRING_TRUSTED_PROXIES", "many", "LEERKRING_TRUSTED_PROXIES is wrong"),
    ],
)
def test_a_wrong_setting_is_told_without_its_value(name: str, value: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence) as told:
        load({**GOOD, name: value})
    if name != "LEERKRING_BASE_URL" and len(value) > 4:
        assert value not in str(told.value)


def test_url_safe_base64_is_a_key_too() -> None:
    assert load({**GOOD, "LEERKRING_ENCRYPTION_KEY": "__________________________________________8"}).encryption_key


def test_http_is_fine_on_this_machine_itself() -> None:
    assert load({**GOOD, "LEERKRING_BASE_URL": "http://localhost:5000"}).loopback


def test_a_secret_from_a_file_and_a_setting_from_toml(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("f" * 40 + "\n")
    (tmp_path / "config.toml").write_text('mail_from = "leerkring@hospital.example"\nsecret_key = "from toml"\n')
    given = {key: value for key, value in GOOD.items() if key != "LEERKRING_SECRET_KEY"}
    given |= {"LEERKRING_SECRET_KEY_FILE": str(tmp_path / "secret"), "LEERKRING_CONFIG": str(tmp_path / "config.toml")}
    settings = load(given)
    assert settings.secret_key == "f" * 40
    assert settings.mail_from == "leerkring@hospital.example"


def test_an_unknown_setting_in_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("colour = 'green'\n")
    with pytest.raises(SettingsError, match="colour"):
        load({**GOOD, "LEERKRING_CONFIG": str(tmp_path / "config.toml")})
