"""Docs that cannot rot: what the code takes is documented, and what is documented is what the code takes."""

import re
import tomllib
from pathlib import Path
from typing import get_args

import yaml

from erasure.configuration import ENVIRONMENT, Configuration, RuleName
from erasure.files.approvals import Approval
from erasure.files.inventory import ComputerEntry, InventoryFile, UserEntry
from erasure.ledger import Kind
from erasure.reports.plan import PLAN_FILE
from policies.rules import DEFAULT_LEVELS

ROOT = Path(__file__).parents[1]
KEYS = {field.alias or name for name, field in Configuration.model_fields.items()}


def table(page: str) -> dict[str, list[str]]:
    """Return a page's table rows by each name in backquotes of the first cell."""
    rows: dict[str, list[str]] = {}
    for line in (ROOT / "docs" / page).read_text().splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for name in re.findall(r"`([^`]+)`", cells[0]) if cells else ():
            rows[name] = cells
    return rows


def test_every_configuration_key_is_documented_and_no_other() -> None:
    assert table("configuration.md").keys() == KEYS


def test_every_environment_variable_is_documented() -> None:
    text = (ROOT / "docs/configuration.md").read_text()
    assert set(re.findall(r"`(MBS_\w+)`", text)) == {*ENVIRONMENT, PLAN_FILE}


def test_every_documented_default_is_the_default() -> None:
    described = {key: row[1].strip("`") for key, row in table("configuration.md").items()}
    fresh = Configuration.model_validate({key: described[key] for key in ("timeout", "deadline", "maxPurges",
        "maxPurgePercent", "quietDays", "concurrency", "retries", "endpoint", "rules")})  # fmt: skip
    assert fresh == Configuration()


def test_what_pulumi_declares_has_the_programs_defaults() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    assert KEYS - declared.keys() == {"login", "password", "token", "inventory", "maxPurgeBytes"}
    values = {key: one["default"] if key == "rules" else str(one["default"]) for key, one in declared.items()}
    ledger = values.pop("ledger")
    assert Configuration.model_validate(values) == Configuration()
    assert ledger == Configuration().ledger.get_secret_value()
    assert all(one["description"] for one in declared.values())
    assert "type" not in declared["rules"], "with a type the engine refuses a mapping or a string"


def test_every_inventory_field_is_documented_and_no_other() -> None:
    models = (InventoryFile, UserEntry, ComputerEntry)
    assert table("inventory.md").keys() == {name for model in models for name in model.model_fields}


def test_every_approval_field_is_documented_and_no_other() -> None:
    assert {*Approval.model_fields, *DEFAULT_LEVELS} == table("rules.md").keys()


def test_every_kind_of_event_is_documented() -> None:
    assert table("ledger.md").keys() == {str(kind) for kind in Kind}


def test_every_test_that_the_safety_page_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/safety.md").read_text()))
    written = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    assert named - written == set()
    assert len(named) > 60


def test_every_rule_is_documented_with_its_level() -> None:
    rows = table("rules.md")
    assert {name: rows[name][1] for name in DEFAULT_LEVELS} == DEFAULT_LEVELS
    assert DEFAULT_LEVELS.keys() == set(get_args(RuleName))


def test_every_dependency_says_why() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[=><[]", one)[0] for one in asked}
    text = (ROOT / "docs/dependencies.md").read_text().partition("|---|")[2]
    assert {one for one in names if not one.startswith("types-")} <= set(re.findall(r"[\w-]+", text))


def test_the_readme_says_what_it_is_then_what_it_destroys() -> None:
    title, first, second, *_ = [line for line in (ROOT / "README.md").read_text().splitlines() if line]
    assert title == "# mbs-erasure"
    assert first.startswith("mbs-erasure is a Pulumi project")
    assert "destroys" in second
