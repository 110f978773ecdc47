"""The customers that a new sandbox starts with. They stand in customers.yaml."""

from pathlib import Path
from typing import Final, Literal

import yaml

from sandbox.account import add_destinations, add_users
from sandbox.clock import Clock
from sandbox.messages import Destination, User
from sandbox.sandbox import Fill
from sandbox.store import Database

SeedName = Literal["demo", "none"]

_FILE: Final = Path(__file__).with_name("customers.yaml")


def named_seed(name: SeedName) -> Fill:
    """Return what fills an empty database: the demo's customers, or nothing."""
    return _fill if name == "demo" else _leave_empty


def _fill(database: Database, clock: Clock) -> None:
    seed = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    add_destinations(database, map(Destination.model_validate, seed["destinations"]))
    for customer in seed["customers"]:
        for entry in customer["users"]:
            given = {**entry["user"], "company": customer["company"], "computers": entry["computers"]}
            add_users(database, [User.model_validate(given)], clock.now())


def _leave_empty(database: Database, clock: Clock) -> None:
    """Do nothing: the tables are there already."""
