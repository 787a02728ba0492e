"""The documentation is held to the product: links lead somewhere, examples run, keys and tests exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from connectors.sandbox import Sandbox
from pipelines.cli import crewtally
from pipelines.demo import configuration
from pipelines.settings import Settings
from transforms.policy import Policy

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"(?<!`)\[[^\]]*\]\(([^)\s]+)\)")
RUNNABLE = re.compile(r"<!-- runnable -->\n```(sh|python)\n(.*?)```", re.DOTALL)
TEST_NAME = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """Headings as GitHub makes anchors of them."""
    headings = re.findall(r"(?m)^#+ (.+)$", page.read_text())
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_test_that_is_named_exists(page: Path) -> None:
    for file, test in TEST_NAME.findall(page.read_text()):
        assert (ROOT / file).is_file(), file
        assert not test or f"def {test}(" in (ROOT / file).read_text(), f"{file}::{test}"


def test_every_guarantee_names_a_test() -> None:
    sections = re.split(r"(?m)^## ", (ROOT / "docs/guarantees.md").read_text())[1:]
    assert len(sections) >= 6
    assert all(TEST_NAME.search(section) for section in sections)


def keys() -> Iterator[str]:
    """`[section] key` for every key of the configuration."""
    for section, annotated in Settings.model_fields.items():
        models = [annotated.annotation, *getattr(annotated.annotation, "__args__", ())]
        model = next(m for m in models if isinstance(m, type) and issubclass(m, BaseModel))
        yield from (f"[{section}] {key}" for key in model.model_fields)


def test_the_configuration_page_knows_exactly_the_keys_there_are() -> None:
    documented = re.findall(r"(?m)^\| `(\[\w+\] \w+)` \|", (ROOT / "docs/configuration.md").read_text())
    assert sorted(documented) == sorted(keys())


def test_the_defaults_on_the_configuration_page_are_the_defaults() -> None:
    page = (ROOT / "docs/configuration.md").read_text()
    for section, annotated in Settings.model_fields.items():
        default: Any = annotated.get_default(call_default_factory=True)
        if not isinstance(default, BaseModel):
            continue
        for key, value in default.model_dump(mode="json").items():
            said = re.search(rf"(?m)^\| `\[{section}\] {key}` \|.*\| ([^|]+) \|$", page)
            assert said is not None
            if value not in (None, {}):
                written = value if isinstance(value, str) else plain(value)
                assert said[1] == f"`{written}`", key


SOURCE_PAGES = ("tenthousandft", "ruddr")
# Inferred, and no choice: what is done is right either way (docs/configuration.md says how).
NO_CHOICE = ("Page-number paging", "bad token", "maintenance", "A cursor whose row", "rows are read-only")


def test_every_policy_stands_beside_its_rule_and_every_inferred_rule_has_one() -> None:
    """A rule about hours marked [I] names its key; the others that are inferred are known one by one."""
    pages = {source: (ROOT / f"docs/sources/{source}.md").read_text() for source in SOURCE_PAGES}
    for key in Policy.model_fields:
        own = [key.split("_")[0]] if key.startswith(SOURCE_PAGES) else SOURCE_PAGES
        assert all(f"`{key}`" in pages[source] for source in own), key
    for line in "\n".join(pages.values()).splitlines():
        if not any(rule in line for rule in NO_CHOICE):
            keys = re.findall(r"\[I\](?! inferred)(?:: `(\w+)`)?", line)  # the legend marks nothing
            assert set(keys) <= set(Policy.model_fields), line


def plain(value: Any) -> str:
    import json

    return json.dumps(int(value) if isinstance(value, float) and value == int(value) else value)


def test_the_commands_page_names_every_command_and_no_other() -> None:
    page = (ROOT / "docs/commands.md").read_text()
    assert set(re.findall(r"`crewtally ([a-z]+)", page)) == set(crewtally.commands)


def test_every_make_target_in_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"(?m)^make (\w+)$", (ROOT / "README.md").read_text())
    assert targets == ["demo", "test"]
    assert all(f"\n{target}:" in makefile for target in targets)


def blocks() -> list[tuple[Path, list[tuple[str, str]]]]:
    found = [(page, RUNNABLE.findall(page.read_text())) for page in PAGES]
    return [(page, examples) for page, examples in found if examples]


def test_some_examples_are_run() -> None:
    assert blocks()


@pytest.mark.slow
@pytest.mark.parametrize(("page", "examples"), blocks(), ids=lambda value: getattr(value, "name", ""))
def test_the_examples_run(page: Path, examples: list[tuple[str, str]], tmp_path: Path) -> None:
    """The blocks of a page, in order, in one folder that has a configuration for the sandbox."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PREFECT_API_URL": "", "PYTHONWARNINGS": "error"}
    environment.pop("CREWTALLY_CONFIG", None)
    with Sandbox(people=10, seed=2) as sandbox:
        (tmp_path / "crewtally.toml").write_text(configuration(sandbox.ready))
        for language, code in examples:
            command = ["bash", "-euo", "pipefail", "-c", code] if language == "sh" else ["python", "-c", code]
            ran = subprocess.run(
                command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
            )
            assert ran.returncode == 0, f"{page.name}:\n{code}\n{ran.stdout}{ran.stderr}"


def test_nothing_names_a_registry_or_a_machine() -> None:
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    if not files:
        pytest.skip("not a git checkout")
    # Each with a letter in brackets: so this file does not name them either.
    forbidden = re.compile(r"index-ur[l]|find-link[s]|pyp[i]\.org|pythonhoste[d]|/roo[t]/|/hom[e]/\w")
    for name in files:
        file = ROOT / name
        if not file.is_file():
            continue
        text = file.read_text(errors="replace")
        assert not forbidden.search(text), f"{name}: {forbidden.search(text)}"
