"""What only shows with many bindings."""

import json

from tests.engine.many import FAST
from tests.engine.rehearsal import BINDING, Rehearsal

USERS, COMPUTERS = 100, 10


def test_1000_bindings_of_100_users_are_adopted_with_100_listings_and_a_refusal_is_short_with_totals_first(
    empty: Rehearsal,
) -> None:
    users = {
        f"user-{user:02}": [(f"PC-{user:02}-{number}", ["d-1"]) for number in range(COMPUTERS)] for user in range(USERS)
    }
    empty.sandbox.seed(
        [
            {"id": user, "computers": [{"name": name, "destinations": list(on)} for name, on in computers]}
            for user, computers in users.items()
        ]
    )
    empty.sandbox.backup("user-07", "PC-07-3", running=True, stored_bytes=10**13)
    empty.want_all(users)
    # Adoption can be repeated, so that it needs no record of every step.
    empty.up(env=FAST).require()
    assert len(empty.resources(BINDING)) == USERS * COMPUTERS
    asked = [one.path for one in empty.sandbox.requests("GET")]
    assert sorted(asked) == [f"/api/Users/{user}/Computers" for user in users]

    empty.want()
    refused = empty.preview(env={"MBS_PLAN_FILE": "plan.json"})
    assert refused.code != 0
    assert len(refused.output.splitlines()) < 40
    assert "in all: 1,000 purges of 1,000 bindings, 100 users" in refused.output
    assert "largest: computer 'PC-07-3' of user user-07" in refused.output
    it = "computer 'PC-07-3' of user user-07 on destination d-1"
    assert f"riskiest: {it} (backing up now, last copy)" in refused.output
    assert "the full list: plan.json" in refused.output
    document = json.loads((empty.workspace.directory / "plan.json").read_text())
    assert len(document["purges"]) == USERS * COMPUTERS
    assert document["outcome"] == "refused"
