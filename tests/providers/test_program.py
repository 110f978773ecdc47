"""What the program reads before it declares anything."""

import datetime
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pulumi
import pytest

from erasure import clock
from erasure.errors import Problems
from erasure.identity import Identity
from erasure.plan import PlanRequest
from providers import program
from providers.binding import VERSION
from providers.export import Export
from providers.program import BINDING

INVENTORY = """
version: 1
users:
  - id: u-1
    computers:
      - {name: PC-1, destinations: [d-1]}
      - {name: PC-2, destinations: [d-1], purge_after: 2026-12-24}
      - {name: PC-3, destinations: [d-1], release: Sold}
"""


def exported(*computers: str) -> Export:
    """Return the ended export of a stack that has these computers bound."""
    resources = []
    for computer in computers:
        identity = {"user": "u-1", "destination": "d-1", "computer": computer}
        outputs = {"version": VERSION, **identity, "endpoint": "https://x.example", "life": computer}
        resources.append({"type": BINDING, "id": Identity(**identity).id, "outputs": outputs})
    export = Export()
    document = json.dumps({"deployment": {"resources": resources}}).encode()
    export.set_result(subprocess.CompletedProcess(["pulumi"], 0, document, b""))
    return export


def plan_request() -> PlanRequest:
    return program.plan_request(exported("PC-1", "PC-2", "PC-3"))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the root of a project whose stack `acme` has an inventory."""
    monkeypatch.setattr(pulumi, "get_root_directory", lambda: str(tmp_path))
    monkeypatch.setattr(pulumi, "get_stack", lambda: "acme")
    monkeypatch.setattr(pulumi, "get_project", lambda: "mbs-erasure")
    monkeypatch.delenv("PULUMI_CONFIG", raising=False)
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory/acme.yaml").write_text(INVENTORY)
    return tmp_path


def on(monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime.datetime.fromisoformat(f"{moment}+00:00"))


@pytest.mark.usefixtures("root")
def test_a_dated_entry_is_wanted_until_its_day_begins_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, "2026-12-23T23:59")
    request = plan_request()
    assert [one.computer for one in request.wanted] == ["PC-1", "PC-2"]
    assert request.day == datetime.date(2026, 12, 23)
    on(monkeypatch, "2026-12-24T00:00")
    assert [one.computer for one in plan_request().wanted] == ["PC-1"]
    assert [(one.identity.id, one.release) for one in request.released] == [("u-1/d-1/pc-3", "Sold")]


def test_without_a_dated_entry_the_day_does_not_show(root: Path) -> None:
    (root / "inventory/acme.yaml").write_text(INVENTORY.replace(", purge_after: 2026-12-24", ""))
    assert plan_request().day is None


def test_neighbours_are_asked_only_where_something_is_to_be_purged(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    neighbour = root / "inventory/globex.yml"
    neighbour.write_text("garbage")
    on(monkeypatch, "2026-12-23T12:00")
    assert plan_request().unreadable == ()
    on(monkeypatch, "2026-12-24T12:00")
    assert plan_request().unreadable[0].startswith("inventory/globex.yml:1: ")
    neighbour.write_text(INVENTORY.replace("PC-2", "pc-2").replace("2026-12-24", "2027-01-01"))
    (found,) = (entry for entry in plan_request().elsewhere if entry.computer != "PC-1")
    assert (found.computer, found.file) == ("pc-2", "inventory/globex.yml")
    neighbour.write_text(INVENTORY)
    assert [entry.computer for entry in plan_request().elsewhere] == ["PC-1"], "what is due there is not wanted there"
    neighbour.write_text(INVENTORY.replace("u-1", "somebody else"))
    assert plan_request().elsewhere == (), "of whom nothing is purged"


def test_an_inventory_in_another_folder_has_its_neighbours_there_too(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on(monkeypatch, "2026-12-24T12:00")
    (root / "customers").mkdir()
    (root / "customers/acme.yaml").write_text(INVENTORY)
    (root / "customers/globex.yaml").write_text("garbage")
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"mbs-erasure:inventory": "customers/acme.yaml"}))
    request = plan_request()
    assert [one.partition(":")[0] for one in request.unreadable] == ["customers/globex.yaml"]
    assert [(one.computer, one.file) for one in request.elsewhere] == [("PC-1", "inventory/acme.yaml")]
    (root / "inventory/acme.yaml").write_text(INVENTORY.replace(", purge_after: 2026-12-24", ""))
    assert [one.computer for one in plan_request().elsewhere] == ["PC-1", "PC-2"]


def test_an_inventory_in_the_projects_root_has_no_neighbours_there(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, "2026-12-24T12:00")
    (root / "inventory/acme.yaml").rename(root / "acme.yaml")
    (root / "Pulumi.yaml").write_text("name: x")
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"mbs-erasure:inventory": "acme.yaml"}))
    assert plan_request().unreadable == ()


@pytest.mark.usefixtures("root")
def test_a_configuration_mistake_is_told_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    values: dict[str, Any] = {"mbs-erasure:maxPurge": "1", "mbs-erasure:token": "x", "other:token": "y"}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(values))
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", "[]")
    with pytest.raises(Problems) as caught:
        plan_request()
    assert len(caught.value.reasons) == 2


def test_the_program_loads_nothing_of_what_only_the_plugin_needs() -> None:
    modules = "providers.export, providers.program, providers.binding, providers.purge_plan"
    heavy = "{'sqlalchemy', 'requests', 'providers.operation', 'policies'}"
    command = [sys.executable, "-c", f"import sys, {modules}; print(*{heavy} & {{*sys.modules}})"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == ""
