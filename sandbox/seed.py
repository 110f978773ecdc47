"""The customers that a new sandbox starts with. They stand in customers.yaml."""

from pathlib import Path
from typing import Final, Literal

import yaml

from sandbox.account import add_destinations, add_users
from sandbox.clock import Clock
from sandbox.messages import Computer, Destination, Message, User
from sandbox.sandbox import Fill
from sandbox.store import Database

SeedName = Literal["demo", "none"]

_FILE: Final = Path(__file__).with_name("customers.yaml")


class _Entry(Message):
    user: User
    computers: list[Computer]


class _Customer(Message):
    company: str
    users: list[_Entry]


class _Customers(Message):
    destinations: list[Destination]
    customers: list[_Customer]


def named_seed(name: SeedName) -> Fill:
    """Return what fills an empty database: the demo's customers, or nothing."""
    return _fill if name == "demo" else _leave_empty


def _fill(database: Database, clock: Clock) -> None:
    seed = _Customers.model_validate(yaml.safe_load(_FILE.read_text(encoding="utf-8")))
    add_destinations(database, seed.destinations)
    for customer in seed.customers:
        for entry in customer.users:
            user = entry.user.model_copy(update={"company": customer.company, "computers": entry.computers})
            add_users(database, [user], clock.now())


def _leave_empty(database: Database, clock: Clock) -> None:
    """Do nothing: the tables are there already."""
