"""Plans to render: a usual one, hostile ones, and as large as they come."""

import datetime
from collections.abc import Sequence
from functools import cache
from typing import Any, Final
from urllib.parse import quote

from erasure.files.approvals import approval_entry
from erasure.plan import Fired
from erasure.reports.plan import Place, PlanReport, Purge, Totals

NOW: Final = datetime.datetime(2026, 11, 24, 14, 11, tzinfo=datetime.UTC)
DIGEST: Final = "sha256:" + "3f9c" * 16
ENDPOINT: Final = "https://api.mspbackups.com"
EUROPE, COLD = "74c0060b-1ca5-4342-9d02-2a7f57e378c4", "b1c7c0f4-0a3e-4a53-8a7e-0f3f0f6f7f11"
HOSTILE: Final = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "{{ 7 * 7 }} {% raw %}",
    "[bold red]not red[/] [link=https://evil.example]x[/link]",
    "a|b `c` *d* _e_ ~~f~~ [g](https://evil.example) ![h](https://evil.example/x.png)",
    "@octocat @org/team #123 GH-123 octo/cat#1 deadbeefcafe :tada: $x^2$ www.evil.example https://evil.example",
    "</td></tr></table><h1>owned</h1><!-- -->",
    "line\nbreak\r\x1b[2J\x07\x9b31m",
    "SERVER\u202egnp.exe",
    "מחשב-של-דנה",
    "👩‍💻 Zoë's 💻",
    "PC  01 ",
    "\\| \\` &amp; &#64; &lt;",
)


def purge(computer: str = "CHARLIE-LAPTOP", number: int = 0, **other: Any) -> Purge:  # noqa: ANN401 -- fields of the model
    """Return a purge of a user of that number."""
    user = f"6970973d-e245-4bbf-a766-{number:012x}"
    usual = {
        "id": "/".join(quote(part.casefold(), safe="") for part in (user, EUROPE, computer)),
        "life": "3f9c",
        "user": user,
        "login": f"user{number}@acme.example",
        "computer": computer,
        "destination": EUROPE,
        "destination_name": "Wasabi Europe",
        "stored_bytes": 1_000_000_000 + number * 7_919_333,
        "last_backup": datetime.datetime(2026, 10, 1, 3, 0, tzinfo=datetime.UTC)
        + datetime.timedelta(hours=number % 999),
        "is_running": False,
        "other_copies": 1,
        "is_listed": True,
        "is_owed": False,
        "hold": None,
        "due": None,
    }
    return Purge.model_validate(usual | other)


def report(purges: Sequence[Purge] = (), **other: Any) -> PlanReport:  # noqa: ANN401 -- fields of the model
    """Return a plan of these purges, permitted and without any rule that fired, if nothing else is said."""
    computers = {(one.user, one.computer): one.stored_bytes for one in purges}
    numbers = Totals(
        purges=len(purges),
        users=len({one.user for one in purges}),
        computers=len(computers),
        destinations=len({one.destination for one in purges}),
        stored_bytes=sum(size or 0 for size in computers.values()),
        unknown_bytes=sum(size is None for size in computers.values()),
        owed=sum(one.is_owed for one in purges),
        held=sum(one.hold is not None for one in purges),
        last_copies=sum(one.other_copies == 0 for one in purges),
        bound=len(purges) + 98,
        wanted=98,
        adoptions=len(other.get("adoptions", ())),
        releases=len(other.get("releases", ())),
    )
    usual: dict[str, Any] = {
        "stack": "acme",
        "customer": "Acme Dental",
        "endpoint": ENDPOINT,
        "made_at": NOW,
        "outcome": "permitted" if purges else "nothing",
        "digest": DIGEST,
        "totals": numbers,
        "rules": (),
        "obstacles": (),
        "objections": (),
        "approval": None,
        "purges": tuple(purges),
        "due_later": (),
        "stays": (),
        "unlisted": (),
        "adoptions": (),
        "releases": (),
    }
    return PlanReport.model_validate(usual | other)


def rule(name: str = "max-purges", level: str = "approve", **other: Any) -> Fired:  # noqa: ANN401 -- fields of the model
    """Return a rule that fired; without anything else, one that an approval would lift."""
    usual: dict[str, Any] = {
        "rule": name,
        "level": level,
        "found": "42 purges, and at most 10 are permitted in 24 hours",
        "remedy": "drop fewer entries at a time, or raise maxPurges (now 10)",
        "is_lifted": False,
        "is_in_the_way": level in ("refuse", "approve"),
    }
    return Fired.model_validate(usual | other)


def refused() -> PlanReport:
    """Return a plan as a reviewer may meet it: refused, with something to see in every part."""
    rooms = ("RECEPTION", "XRAY", "SURGERY", "OFFICE", "LAPTOP", "IMAGING-SERVER")
    purges = [purge(f"ACME-{rooms[number % 6]}-{number:02}", number // 3) for number in range(36)]
    purges += [
        purge("ACME-FILESERVER", 3, stored_bytes=4_210_000_000_000, other_copies=0),
        purge("ACME-FILESERVER", 3, stored_bytes=4_210_000_000_000, other_copies=0, destination=COLD,
              destination_name="Glacier archive"),
        purge("ACME-CEO-MACBOOK", 5, is_running=True, last_backup=NOW, stored_bytes=512_400_000_000),
        purge("ACME-OLD-PC", 6, stored_bytes=None, last_backup=None, is_listed=False),
        purge("ACME-LEGAL-01", 7, hold="Litigation 2026-114", other_copies=0),
        purge("ACME-TILL", 8, is_owed=True, due=datetime.date(2026, 11, 20), login=None),
    ]  # fmt: skip
    places = [
        {"user": one.user, "login": one.login, "computer": f"{one.computer}-NEW", "destination": EUROPE}
        for one in purges[:8]
    ]
    return report(
        purges,
        outcome="refused",
        rules=(
            rule("last-copy", "warn", found="no other destination is left of computer 'ACME-FILESERVER' of user"
                 " 6970973d-e245-4bbf-a766-000000000003 on destination 74c0060b-1ca5-4342-9d02-2a7f57e378c4 and 2 more",
                 remedy="check that nobody relies on this data"),
            rule(),
            rule("max-percent", found="42 purges of 140 bindings (30 %), and at most 20 % are permitted in 24 hours",
                 remedy="drop fewer entries at a time, or raise maxPurgePercent (now 20)"),
            rule("alive", found="computer 'ACME-CEO-MACBOOK' of user 6970973d-e245-4bbf-a766-000000000005 on"
                 f" destination {EUROPE} (running now) backed up within 7 days", is_lifted=True, is_in_the_way=False,
                 remedy="remove the backup plan on the computer and wait, or lower quietDays"),
        ),
        objections=("the approval sha256:51b0c0de... is of another set: 40 purges, not these 42",),
        approval=approval_entry(DIGEST, 42, NOW.date()),
        due_later=[
            Place(day=datetime.date(2026, 12, 24), user=purges[0].user, computer="ACME-SPARE", destination=COLD),
            Place(day=datetime.date(2027, 1, 31), user=purges[9].user, computer="ACME-SPARE-2", destination=EUROPE),
        ],
        stays=[Place.model_validate(one) for one in places],
        unlisted=[
            Place.model_validate(places[0] | {"computer": "HOME-PC", "wanted_in": None}),
            Place.model_validate(places[1] | {"computer": "ACME-B", "wanted_in": "inventory/acme-berlin.yaml"}),
        ],
        adoptions=(f"{purges[0].user}/{EUROPE}/acme-new-server",),
        releases=(f"{purges[1].user}/{EUROPE}/acme-leaving",),
    )  # fmt: skip


def named(names: Sequence[str] = HOSTILE) -> PlanReport:
    """Return a plan in which everything that can have a name has one of these, or all of them."""
    purges = [
        purge(name, number, login=name, destination=name, destination_name=name, hold=name, stored_bytes=number + 1)
        for number, name in enumerate(names)
    ]
    places = [one.model_dump(include={"user", "login", "computer", "destination"}) for one in purges]
    return report(
        purges,
        stack=names[4],
        customer=names[0],
        endpoint=names[1],
        outcome="refused",
        rules=[rule(found=name, remedy=name) for name in names],
        obstacles=names,
        objections=names,
        approval=approval_entry(DIGEST, len(names), NOW.date()),
        due_later=[
            Place(day=NOW.date(), user=one.user, computer=one.computer, destination=one.destination) for one in purges
        ],
        stays=[Place.model_validate(one) for one in places],
        unlisted=[Place.model_validate(one | {"wanted_in": one["computer"]}) for one in places],
        adoptions=names,
        releases=names,
    )


@cache
def large(number: int = 10_000) -> PlanReport:
    """Return a plan of so many purges, each of another user, with as much beside it."""
    purges = [purge(f"PRACTICE-{one:05}-WORKSTATION", one) for one in range(number)]
    places = [
        {"user": one.user, "login": one.login, "computer": f"{one.computer}-B", "destination": EUROPE} for one in purges
    ]
    return report(
        purges,
        outcome="refused",
        rules=[rule(name) for name in ("max-purges", "max-percent", "max-bytes", "emptied", "alive", "unknown-user")],
        approval=approval_entry(DIGEST, number, NOW.date()),
        stays=[Place.model_validate(one) for one in places],
        unlisted=[Place.model_validate(one | {"wanted_in": None}) for one in places],
        adoptions=[one.id for one in purges],
        releases=[one.id for one in purges],
    )
