"""What the program reads before it declares anything."""

import datetime
import json
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import grpc  # type: ignore[import-untyped]
import pulumi
import pytest

from erasure import clock
from erasure.errors import Problems
from erasure.identity import Identity
from erasure.plan import PlanRequest
from providers import program
from providers.binding import VERSION
from providers.export import BINDING, Export, Lives

T = TypeVar("T")

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
        resources.append(
            {"type": BINDING, "urn": f"urn::{computer}", "id": Identity(**identity).id, "outputs": outputs}
        )
    document = json.dumps({"deployment": {"resources": resources}}).encode()
    ended = subprocess.CompletedProcess(["pulumi"], 0, document, b"")
    return Export(done(ended), done(frozenset((f"urn::{computer}", computer) for computer in computers)))


def done(result: T | BaseException) -> Future[T]:
    future = Future[T]()
    if isinstance(result, BaseException):
        future.set_exception(result)
    else:
        future.set_result(result)
    return future


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


def test_an_inventory_that_a_stacks_configuration_places_elsewhere_is_a_neighbour(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "customers").mkdir()
    (root / "customers/globex.yaml").write_text(INVENTORY)
    settings = root / "Pulumi.globex.yaml"
    settings.write_text("config: {mbs-erasure:inventory: customers/globex.yaml}")
    on(monkeypatch, "2026-12-23T12:00")
    (root / "inventory/acme.yaml").write_text("version: 1\nusers: []")
    request = plan_request()
    assert {one.file for one in request.elsewhere} == {"customers/globex.yaml"}
    settings.write_text("config: {mbs-erasure:inventory: customers/none.yaml}")
    assert "customers/none.yaml" in plan_request().unreadable[0]
    for broken in ("config: {mbs-erasure:inventory: {secure: x}}", "config: [", "config: 1"):
        settings.write_text(broken)
        assert plan_request().unreadable == ("Pulumi.globex.yaml: which inventory its stack has cannot be read",)
    settings.write_text("config: {mbs-erasure:inventory: ''}")
    assert (plan_request().elsewhere, plan_request().unreadable) == ((), ()), "which is the default"
    settings.unlink()
    for elsewhere in (
        "stackConfigDir: stacks",
        "config: {inventory: {default: customers/globex.yaml}}",
        "config: {inventory: {value: customers/globex.yaml}}",
        "config: {mbs-erasure:inventory: customers/globex.yaml}",
    ):
        (root / "Pulumi.yaml").write_text(f"name: mbs-erasure\n{elsewhere}")
        (root / "stacks").mkdir(exist_ok=True)
        (root / "stacks/Pulumi.globex.yaml").write_text("config: {mbs-erasure:inventory: customers/globex.yaml}")
        assert {one.file for one in plan_request().elsewhere} == {"customers/globex.yaml"}
    (root / "Pulumi.yaml").write_text("config: [")
    assert plan_request().unreadable == ("Pulumi.yaml: which inventory its stack has cannot be read",)
    (root / "Pulumi.yaml").unlink()
    settings.write_text("config: {another:inventory: customers/globex.yaml}")
    assert (plan_request().elsewhere, plan_request().unreadable) == ((), ())


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


class Silent(grpc.RpcError):  # type: ignore[misc] # it has no types
    """An engine that does not answer."""

    def details(self) -> str:
        return "no backend client is available"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({("urn::PC-1", "PC-1")}, "the export alone has PC-2 as it is; run"),
        ({("urn::PC-1", "PC-1"), ("urn::PC-2", "PC-2"), ("urn::PC-3", "PC-3")}, "the engine alone has PC-3"),
        ({("urn::PC-1", "PC-1"), ("urn::PC-2", "another life")}, "PC-2 as it is, and 1 more differ"),
        (set(), "PC-1 as it is, and 1 more differ; run"),
    ],
    ids=["less", "more", "another life", "nothing"],
)
def test_a_state_that_is_not_the_running_engines_plans_nothing(said: Lives, told: str) -> None:
    export = exported("PC-1", "PC-2")
    assert len(program.read_bound(export)) == 2
    with pytest.raises(Problems, match=f"^state: the exported state is not the one .*{told}"):
        program.read_bound(export._replace(engine=done(frozenset(said))))


def test_what_is_pending_deletion_is_bound_though_the_running_engine_does_not_say_so() -> None:
    export = exported("PC-1")
    ended = export.state.result()
    document = json.loads(ended.stdout)
    document["deployment"]["resources"][0]["delete"] = True
    ended.stdout = json.dumps(document).encode()
    assert [one.pending_deletion for one in program.read_bound(export._replace(engine=done(frozenset())))] == [True]


def test_an_engine_that_does_not_say_what_it_has_plans_nothing() -> None:
    with pytest.raises(Problems, match=r"the running engine does not say what is in it: no backend client"):
        program.read_bound(exported("PC-1")._replace(engine=done(Silent())))
