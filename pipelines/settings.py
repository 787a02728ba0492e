"""Configuration: crewtally.toml, each key overridable by the environment (`CREWTALLY_SECTION__KEY`).

Relative paths are relative to the folder of the configuration file (without one: to the working folder),
wherever they were written. A value that is a secret is a `SecretStr` from the moment it is read.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from transforms.policy import Policy
from transforms.reconcile.guard import GuardLimits
from transforms.reconcile.policy import PushPolicy

ENVIRONMENT_PREFIX = "CREWTALLY_"
CONFIG_VARIABLE = "CREWTALLY_CONFIG"
DEFAULT_FILE = "crewtally.toml"
SOURCES = ("tenthousandft", "ruddr")
SECRETS = (("tenthousandft", "token"), ("ruddr", "token"), ("ftrack", "key"), ("warehouse", "password"))
SECRET_BLOCK = "prefect-secret:"  # noqa: S105 - the mark of a reference, not a secret

Source = Literal["tenthousandft", "ruddr"]


class ConfigError(Exception):
    """The configuration cannot be used. The message names the key and the fix, and holds no secret."""


def _service_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be a full address such as https://host/path")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must be the bare address; credentials have keys of their own")
    return value.rstrip("/")


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, OSError, ValueError) as error:  # KeyError: ZoneInfoNotFoundError
        raise ValueError("is not a time zone name such as Europe/Berlin") from error
    return value


def _filled(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().strip():
        raise ValueError("is empty")
    return value


def _catalog(value: str) -> str:
    kind, _, text = value.partition(":")
    words = re.split(r"\s+(?=\w+=)", text.strip())
    if kind != "postgres" or not all(re.match(r"\w+=\S", word) for word in words):
        raise ValueError("must be written like postgres:dbname=crewtally host=db.example.com user=crewtally")
    if any(word.startswith("password=") for word in words):
        raise ValueError("must not hold the password; give it as CREWTALLY_WAREHOUSE__PASSWORD")
    return value


def _data_path(value: str) -> str:
    if not value.strip() or ("://" in value and not re.fullmatch(r"s3://[^/]+(/.+)?", value)):
        raise ValueError("must be a folder, or s3://bucket/prefix")
    return value


ServiceUrl = Annotated[str, AfterValidator(_service_url)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Catalog = Annotated[str, AfterValidator(_catalog)]
Secret = Annotated[SecretStr, AfterValidator(_filled)]


class Section(BaseModel):
    """A table of the file: frozen, and a key it does not know is an error, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Planner(Section):
    """One planning API: its base address and its token."""

    url: ServiceUrl
    token: Secret


class FtrackServer(Section):
    """The ftrack server, and the dialect it speaks ("auto": ask its schemas)."""

    url: ServiceUrl
    user: str = Field(min_length=1)
    key: Secret
    dialect: Literal["auto", "seed", "studio"] = "auto"


class WarehouseFiles(Section):
    """The working DuckDB file, or the lake that stands in its place, and the link to the published copy.

    With a lake, plans still lie beside `path`.
    """

    path: Path = Path(".crewtally/warehouse.duckdb")
    published: Path = Path(".crewtally/current.duckdb")
    backend: Literal["duckdb", "ducklake"] = "duckdb"
    catalog: Catalog | None = None
    data_path: Annotated[str, AfterValidator(_data_path)] | None = None
    password: Secret | None = None

    @model_validator(mode="after")
    def _lake_is_whole(self) -> WarehouseFiles:
        missing = [key for key in ("catalog", "data_path") if getattr(self, key) is None]
        if self.backend == "ducklake" and missing:
            raise ValueError(f"with backend = 'ducklake', {' and '.join(missing)} must be set too")
        return self


class Landing(Section):
    """The folder in which raw pages are kept, byte for byte."""

    path: Path = Path(".crewtally/landing")


class Window(Section):
    """The days a pull asks for, around today in the studio's time zone."""

    past_days: int = Field(default=28, ge=0, le=3660)
    future_days: int = Field(default=180, ge=0, le=3660)
    timezone: TimeZone = "UTC"


class Authority(Section):
    """Which planner wins where both book a project. `projects` is keyed by project code or name."""

    default: Source | None = None
    projects: dict[str, Source] = Field(default_factory=dict)


class Identity(Section):
    """The exceptions file the studio owns: who is who where e-mail and name do not tell."""

    exceptions: Path | None = None


class Settings(BaseSettings):
    """Everything crewtally can be told. A planner that is not named is not pulled."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )
    _order: tuple[str, ...] = ()  # the file's tables as they stand in it; set by load_settings

    tenthousandft: Planner | None = None
    ruddr: Planner | None = None
    ftrack: FtrackServer | None = None
    warehouse: WarehouseFiles = WarehouseFiles()
    landing: Landing = Landing()
    window: Window = Window()
    authority: Authority = Authority()
    identity: Identity = Identity()
    guards: GuardLimits = GuardLimits.model_validate({})
    policy: Policy = Policy.model_validate({})
    push: PushPolicy = PushPolicy.model_validate({})

    SECTIONS: ClassVar[tuple[str, ...]] = (
        *SOURCES,
        "ftrack",
        "warehouse",
        "landing",
        "window",
        "authority",
        "identity",
        "guards",
        "policy",
        "push",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, whose content arrives as the init values."""
        return env_settings, init_settings

    @model_validator(mode="after")
    def _authority_is_configured(self) -> Settings:
        named = {"default": self.authority.default, **self.authority.projects}
        for key, source in named.items():
            if source is not None and getattr(self, source) is None:
                raise ValueError(f"[authority] {key} names {source}, but there is no [{source}] section")
        return self

    def source_order(self) -> list[str]:
        """The configured planners, first the one that stands first in the file."""
        ranked = [name for name in self._order if name in SOURCES]
        ranked += [name for name in SOURCES if name not in ranked]
        return [name for name in ranked if getattr(self, name) is not None]

    def secret_values(self) -> set[str]:
        """The secrets in the clear: only for taking them out of a text that is about to be shown."""
        secrets = [part.token for part in (self.tenthousandft, self.ruddr) if part]
        secrets += [self.ftrack.key] if self.ftrack else []
        secrets += [self.warehouse.password] if self.warehouse.password else []
        return {secret.get_secret_value() for secret in secrets}


def find_config(path: Path | None = None) -> Path | None:
    """The file to read: `path`, else CREWTALLY_CONFIG, else ./crewtally.toml, else None.

    Raises ConfigError when a file was named and is not there.
    """
    named = path or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    if named is None:
        default = Path(DEFAULT_FILE)
        return default.resolve() if default.is_file() else None
    if not named.is_file():
        raise ConfigError(f"There is no configuration file {named}. Write one with `crewtally init`.")
    return named.resolve()


def load_settings(path: Path | None = None, *, secrets: bool = True) -> Settings:
    """Reads file and environment. With `secrets`, references to Prefect Secret blocks are resolved.

    Without, only the warehouse's own: who only reads it asks no service anything.
    Raises ConfigError, one line per wrong key.
    """
    file = find_config(path)
    _check_environment(os.environ)
    if file is None and not _overrides(os.environ):
        raise ConfigError(
            f"There is no {DEFAULT_FILE} here. Write one with `crewtally init`, or use --config."
        )
    tables = _read(file) if file else {}
    if not secrets:
        _need_no_secrets(tables)
    try:
        settings = Settings(**tables)
    except ValidationError as error:
        raise ConfigError(_explain(error, file)) from None  # pydantic's own text could quote the input
    except SettingsError as error:
        raise ConfigError(f"A CREWTALLY_ variable holds no valid JSON: {error}.") from None
    settings._order = tuple(tables)
    settings = _anchored(settings, file.parent if file else Path.cwd())
    return resolve_secrets(settings, SECRETS if secrets else SECRETS[-1:])


def _need_no_secrets(tables: dict[str, Any]) -> None:
    """Fills in secrets that are missing; the environment's still win."""
    for section, key in SECRETS:
        if isinstance(tables.get(section), dict) and section != "warehouse":
            tables[section].setdefault(key, "not needed")


def resolve_secrets(settings: Settings, secrets: Sequence[tuple[str, str]] = SECRETS) -> Settings:
    """Replaces secrets written as `prefect-secret:NAME` by the value of that Prefect Secret block."""
    changed: dict[str, Any] = {}
    for section, key in secrets:
        part = getattr(settings, section)
        secret = getattr(part, key) if part else None
        written = secret.get_secret_value() if secret else ""
        if written.startswith(SECRET_BLOCK):
            value = _secret_block(written.removeprefix(SECRET_BLOCK), f"[{section}] {key}")
            changed[section] = part.model_copy(update={key: value})
    return settings.model_copy(update=changed) if changed else settings


def _secret_block(name: str, key: str) -> SecretStr:
    from prefect.blocks.system import Secret as SecretBlock  # Prefect takes 2 s to import

    try:
        block = SecretBlock.load(name)
    except ValueError as error:
        raise ConfigError(
            f"{key}: there is no Prefect Secret block {name!r}. Create it, then retry."
        ) from error
    return SecretStr(str(block.get()))  # type: ignore[union-attr]


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not TOML: {error}") from None


def _overrides(environment: Mapping[str, str]) -> list[str]:
    return [name for name in environment if name.upper().startswith(ENVIRONMENT_PREFIX) and "__" in name]


def _check_environment(environment: Mapping[str, str]) -> None:
    """A misspelt section would be ignored by pydantic-settings in silence."""
    for name in _overrides(environment):
        section = name.upper().removeprefix(ENVIRONMENT_PREFIX).split("__")[0].lower()
        if section not in Settings.SECTIONS:
            known = ", ".join(Settings.SECTIONS)
            raise ConfigError(f"The environment variable {name} names no section. Sections: {known}.")


def _anchored(settings: Settings, folder: Path) -> Settings:
    """The settings with every relative path made absolute from `folder`."""
    parts: dict[str, Any] = {}
    for section, keys in (
        ("warehouse", ("path", "published")),
        ("landing", ("path",)),
        ("identity", ("exceptions",)),
    ):
        part = getattr(settings, section)
        absolute = {key: folder / getattr(part, key).expanduser() for key in keys if getattr(part, key)}
        parts[section] = part.model_copy(update=absolute)
    data_path = settings.warehouse.data_path
    if data_path is not None and "://" not in data_path:
        local = {"data_path": str(folder / Path(data_path).expanduser())}
        parts["warehouse"] = parts["warehouse"].model_copy(update=local)
    return settings.model_copy(update=parts)


def _explain(error: ValidationError, file: Path | None) -> str:
    return "\n".join(
        _explain_one(list(item["loc"]), item["msg"], item["type"], file) for item in error.errors()
    )


def _explain_one(where: list[int | str], message: str, kind: str, file: Path | None) -> str:
    message = message.removeprefix("Value error, ")
    if not where:
        return f"{message}."
    section, *rest = [str(part) for part in where]
    key = f"[{section}] {'.'.join(rest)}".strip()
    name = file.name if file else "the environment"
    if kind == "missing":
        variable = f"{ENVIRONMENT_PREFIX}{section}__{'__'.join(rest)}".upper()
        return f"{key} is missing. Set it in {name} or as {variable}."
    if kind == "extra_forbidden":
        return f"{key} is not a key crewtally knows. Look for a misspelling in {name} or the environment."
    return f"{key}: {message[:1].lower()}{message[1:]}. Correct it in {name} or the environment."
