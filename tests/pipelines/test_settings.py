"""crewtally.toml and the environment over it: what is read, what is refused, and what a refusal says."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.lock import lake
from pipelines.settings import ConfigError, load_settings

BOTH = """
[ruddr]
url = "https://ruddr.test/api/workspace/"
token = "r-secret"

[tenthousandft]
url = "https://rm.test/api/v1"
token = "t-secret"
"""


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CREWTALLY_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)


def write(folder: Path, text: str, name: str = "crewtally.toml") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def refusal(file: Path | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(file)
    return str(caught.value)


def test_the_first_planner_in_the_file_comes_first(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, BOTH))
    assert settings.source_order() == ["ruddr", "tenthousandft"]
    assert settings.ruddr is not None
    assert settings.ruddr.url == "https://ruddr.test/api/workspace"  # one way to write an address
    assert settings.ruddr.token.get_secret_value() == "r-secret"


def test_an_absent_planner_is_none(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, BOTH.split("[tenthousandft]")[0]))
    assert settings.tenthousandft is None
    assert settings.ftrack is None
    assert settings.source_order() == ["ruddr"]


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREWTALLY_TENTHOUSANDFT__TOKEN", "from-environment")
    monkeypatch.setenv("CREWTALLY_WINDOW__PAST_DAYS", "7")
    monkeypatch.setenv("CREWTALLY_POLICY__TENTHOUSANDFT_WORK_WEEK", '["mon", "tue"]')
    monkeypatch.setenv("CREWTALLY_GUARDS__MAX_DELETE_SHARE", "0.5")
    settings = load_settings(write(tmp_path, BOTH))
    assert settings.tenthousandft is not None
    assert settings.tenthousandft.token.get_secret_value() == "from-environment"
    assert settings.tenthousandft.url == "https://rm.test/api/v1"
    assert settings.window.past_days == 7
    assert settings.policy.tenthousandft_work_week == ("mon", "tue")
    assert settings.guards.max_delete_share == 0.5


def test_the_environment_alone_is_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CREWTALLY_RUDDR__URL", "https://ruddr.test/api/workspace")
    monkeypatch.setenv("CREWTALLY_RUDDR__TOKEN", "x")
    settings = load_settings()
    assert settings.source_order() == ["ruddr"]
    assert settings.warehouse.path == tmp_path / ".crewtally/warehouse.duckdb"


def test_relative_paths_start_at_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "studio"
    folder.mkdir()
    write(folder, BOTH + '[warehouse]\npath = "w.duckdb"\n[landing]\npath = "/srv/landing"\n')
    monkeypatch.setenv("CREWTALLY_CONFIG", str(folder / "crewtally.toml"))
    settings = load_settings()
    assert settings.warehouse.path == folder / "w.duckdb"
    assert settings.landing.path == Path("/srv/landing")


def test_the_file_is_found_by_option_then_variable_then_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, BOTH)
    other = write(tmp_path, BOTH + "[window]\npast_days = 1\n", "other.toml")
    third = write(tmp_path, BOTH + "[window]\npast_days = 2\n", "third.toml")
    assert load_settings().window.past_days == 28
    monkeypatch.setenv("CREWTALLY_CONFIG", str(other))
    assert load_settings().window.past_days == 1
    assert load_settings(third).window.past_days == 2


@pytest.mark.parametrize(
    ("addition", "said"),
    [
        (
            "[ftrack]\nurl = 'https://f.test'\nuser = 'u'\n",
            ["[ftrack] key is missing", "CREWTALLY_FTRACK__KEY"],
        ),
        ("[window]\npast_days = -1\n", ["[window] past_days", "greater than or equal to 0"]),
        ("[window]\ntimezone = 'Mars/Olympus'\n", ["[window] timezone", "Europe/Berlin"]),
        ("[window]\npastdays = 3\n", ["[window] pastdays is not a key"]),
        ("[wndow]\npast_days = 3\n", ["[wndow] is not a key"]),
        ("[ftrack]\nurl = 'f.test'\nuser = 'u'\nkey = 'k'\n", ["[ftrack] url", "full address"]),
        ("[ftrack]\nurl = 'https://u:p@f.test'\nuser = 'u'\nkey = 'k'\n", ["[ftrack] url", "credentials"]),
        ("[ftrack]\nurl = 'https://f.test'\nuser = 'u'\nkey = ' '\n", ["[ftrack] key: is empty"]),
        ("[authority]\ndefault = 'harvest'\n", ["[authority] default", "'tenthousandft' or 'ruddr'"]),
        ("[policy]\ntenthousandft_hours_per_day = 25\n", ["[policy] tenthousandft_hours_per_day"]),
        ("[guards]\nmax_delete_share = 2\n", ["[guards] max_delete_share"]),
    ],
)
def test_a_refusal_names_the_key_and_the_fix(tmp_path: Path, addition: str, said: list[str]) -> None:
    message = refusal(write(tmp_path, BOTH + addition))
    assert all(part in message for part in said), message


def test_every_wrong_key_is_named_at_once(tmp_path: Path) -> None:
    message = refusal(write(tmp_path, "[ruddr]\n[window]\npast_days = 'many'\n"))
    assert len(message.splitlines()) == 3  # url, token, past_days


def test_no_refusal_shows_a_secret(tmp_path: Path) -> None:
    text = "[ruddr]\nurl = 'nonsense'\ntoken = 'hush'\nextra = 'hush'\n[window]\npast_days = 'hush'\n"
    assert "hush" not in refusal(write(tmp_path, text))


def test_authority_must_be_configured(tmp_path: Path) -> None:
    only_ruddr = BOTH.split("[tenthousandft]")[0]
    message = refusal(write(tmp_path, only_ruddr + "[authority.projects]\n'VP-1' = 'tenthousandft'\n"))
    assert message == "[authority] VP-1 names tenthousandft, but there is no [tenthousandft] section."


def test_a_misspelt_variable_is_not_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, BOTH)
    monkeypatch.setenv("CREWTALLY_RUDR__TOKEN", "x")
    assert "CREWTALLY_RUDR__TOKEN names no section" in refusal(file)
    monkeypatch.delenv("CREWTALLY_RUDR__TOKEN")
    monkeypatch.setenv("CREWTALLY_RUDDR__TOKN", "x")
    assert "[ruddr] tokn is not a key" in refusal(file)


def test_a_variable_that_should_be_json_and_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREWTALLY_POLICY__TENTHOUSANDFT_WORK_WEEK", "mon,tue")
    assert "no valid JSON" in refusal(write(tmp_path, BOTH))


def test_no_file_and_no_environment() -> None:
    assert "crewtally init" in refusal()


def test_a_file_that_was_named_must_exist(tmp_path: Path) -> None:
    assert "no configuration file" in refusal(tmp_path / "absent.toml")


def test_a_file_that_is_not_toml(tmp_path: Path) -> None:
    message = refusal(write(tmp_path, '[ruddr]\ntoken = "hush\n'))
    assert "is not TOML" in message
    assert "hush" not in message


def test_secrets_do_not_show_in_a_repr(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, BOTH))
    assert not any(secret in repr(settings) for secret in ("r-secret", "t-secret"))
    assert settings.secret_values() == {"r-secret", "t-secret"}


def test_who_only_reads_the_warehouse_needs_no_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "crewtally.toml"
    file.write_text('[ruddr]\nurl = "https://example.test/api/workspace"\n')
    assert load_settings(file, secrets=False).source_order() == ["ruddr"]
    with pytest.raises(ConfigError, match=r"\[ruddr\] token is missing"):
        load_settings(file)
    monkeypatch.setenv("CREWTALLY_RUDDR__TOKEN", "given")
    settings = load_settings(file, secrets=False)
    assert settings.ruddr is not None
    assert settings.ruddr.token.get_secret_value() == "given"


LAKE = """
[warehouse]
backend = "ducklake"
catalog = "postgres:dbname=crewtally host=db.example.com user='the crew' sslmode=require"
data_path = "lake"
"""


def test_a_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREWTALLY_WAREHOUSE__PASSWORD", "p-secret")
    file = write(tmp_path, BOTH + LAKE)
    for secrets in (True, False):  # who only reads needs this one too
        settings = load_settings(file, secrets=secrets)
        place = lake(settings)
        assert place is not None
        assert place.catalog == "dbname=crewtally host=db.example.com user='the crew' sslmode=require"
        assert place.data_path == str(tmp_path / "lake")
        assert place.password == "p-secret"
        assert "p-secret" in settings.secret_values()
        assert "p-secret" not in f"{settings!r}{place!r}"


def test_a_bucket_is_no_relative_path(tmp_path: Path) -> None:
    file = write(tmp_path, BOTH + LAKE.replace('"lake"', '"s3://bucket/lake"'))
    assert load_settings(file).warehouse.data_path == "s3://bucket/lake"


def test_by_default_there_is_no_lake(tmp_path: Path) -> None:
    assert lake(load_settings(write(tmp_path, BOTH))) is None


@pytest.mark.parametrize(
    ("line", "instead", "message"),
    [
        ("catalog", "", "catalog must be set too"),
        ("data_path", "", "data_path must be set too"),
        ("catalog", 'catalog = "sqlite:lake.db"', "must be written like postgres:"),
        ("catalog", 'catalog = "postgres://crew:hush@db/crewtally"', "must be written like postgres:"),
        ("catalog", 'catalog = "postgres:dbname=x password=hush"', "CREWTALLY_WAREHOUSE__PASSWORD"),
        ("data_path", 'data_path = "gs://bucket/lake"', "must be a folder, or s3://bucket/prefix"),
        ("backend", 'backend = "lake"', "backend"),
    ],
)
def test_a_lake_that_is_not_whole_is_refused(tmp_path: Path, line: str, instead: str, message: str) -> None:
    text = "\n".join(instead if row.startswith(line) else row for row in LAKE.splitlines())
    told = refusal(write(tmp_path, BOTH + text))
    assert message in told
    assert "hush" not in told
