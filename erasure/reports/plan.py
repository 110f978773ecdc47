"""The plan as a report: what the next update would purge, with all that speaks for and against it.

The JSON form is version 1 of a documented format: docs/plan.schema.json.
"""

import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from erasure.message import Message
from erasure.plan import Fired
from erasure.replaced import replaced

PLAN_FILE: Final = "MBS_PLAN_FILE"
"""The environment variable that names the file in which a preview or an update leaves its plan."""


class Purge(Message):
    """One computer on one destination that would be purged. Sizes are in bytes, times in UTC."""

    id: str = Field(description="The binding's id, which stays the same for every spelling.")
    life: str = Field(description="Which adoption of it ends; the digest is over ids and lives.")
    user: str
    login: str | None = Field(description="The user's login; null: the account does not tell.")
    computer: str
    destination: str
    destination_name: str | None
    stored_bytes: int | None = Field(
        description="Of this computer, on all destinations, as billing has it; null: the account does not tell."
    )
    last_backup: datetime.datetime | None = Field(description="Read as UTC: the account's times have no zone.")
    is_running: bool = Field(description="Whether it is backing up now.")
    other_copies: int | None = Field(
        description="Destinations of this computer that stay; null: the account cannot tell."
    )
    is_listed: bool | None = Field(
        description="false: the data is gone, nothing will be sent; null: the account cannot tell."
    )
    is_owed: bool = Field(description="Whether an earlier update began this purge and did not end it.")
    hold: str | None
    due: datetime.date | None = Field(description="The date in the inventory that has come, if there is one.")


class Place(Message):
    """A computer on a destination that is not purged now: it stays, is listed besides, or is due on a `day` to come."""

    user: str
    login: str | None = None
    computer: str
    destination: str
    wanted_in: str | None = Field(
        default=None, description="Another inventory file that wants it; null: no inventory lists it."
    )
    day: datetime.date | None = Field(default=None, description="When it counts as dropped.")

    @model_serializer(mode="wrap")
    def _what_was_said(self, serialize: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]  # noqa: ANN202
        """Leave out what does not apply, and keep what is not known. A return type would hide the fields' schema."""
        return {key: value for key, value in serialize(self).items() if key in self.model_fields_set}


class Totals(Message):
    """The plan in numbers. `stored_bytes` counts each computer once, `unknown_bytes` those of unknown size."""

    purges: int
    users: int
    computers: int
    destinations: int
    stored_bytes: int
    unknown_bytes: int
    owed: int
    held: int
    last_copies: int
    bound: int
    wanted: int
    adoptions: int
    releases: int


class PlanReport(Message):
    """What the next update of a stack would purge, and what the rules say."""

    version: Literal[1] = 1
    stack: str
    customer: str | None
    endpoint: str
    made_at: datetime.datetime
    outcome: Literal["nothing", "permitted", "refused"]
    digest: str = Field(description="Of exactly this set of purges; an approval names it.")
    totals: Totals
    rules: tuple[Fired, ...]
    obstacles: tuple[str, ...] = Field(description="What stands in the way besides, which nothing lifts.")
    objections: tuple[str, ...] = Field(description="Why approvals of this stack do not count here.")
    approval: str | None = Field(description="The entry of the approvals file that would lift what can be approved.")
    purges: tuple[Purge, ...]
    due_later: tuple[Place, ...]
    stays: tuple[Place, ...] = Field(description="What stays of the users of whom something would be purged.")
    unlisted: tuple[Place, ...] = Field(description="What the account lists of these users besides.")
    adoptions: tuple[str, ...]
    releases: tuple[str, ...]

    def write(self, file: Path) -> None:
        """Write it whole or not at all. Raises OSError."""
        with replaced(file) as draft:
            draft.write_text(self.text(), encoding="utf-8")


def riskiest_first(purges: Iterable[Purge]) -> list[Purge]:
    """Return purges in the order in which a reviewer should look: what looks like a mistake, then the largest."""
    return sorted(
        purges,
        key=lambda purge: (
            purge.hold is None,
            not purge.is_running,
            purge.is_listed is False,
            purge.other_copies != 0,
            -1 if purge.stored_bytes is None else 0,
            -(purge.stored_bytes or 0),
            purge.id,
        ),
    )


def notes(purge: Purge) -> list[str]:
    """Return what a reviewer should know about one purge besides."""
    found = {
        f"on hold: {purge.hold}": purge.hold is not None,
        "backing up now": purge.is_running,
        "no run of a backup is known": bool(purge.is_listed) and not purge.is_running and purge.last_backup is None,
        "last copy": purge.other_copies == 0,
        "already gone, nothing is sent": purge.is_listed is False,
        "the account cannot tell": purge.is_listed is None,
        "begun before": purge.is_owed,
        f"due since {purge.due}": purge.due is not None,
    }
    return [text for text, applies in found.items() if applies]
