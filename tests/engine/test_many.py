"""What only shows with many bindings."""

from tests.engine.many import FAST
from tests.engine.rehearsal import BINDING, Rehearsal

USERS, COMPUTERS = 300, 10


def test_3000_bindings_of_300_users_are_adopted_with_300_listings(empty: Rehearsal) -> None:
    users = {
        f"user-{user:03}": [(f"PC-{user:03}-{number}", ["d-1"]) for number in range(COMPUTERS)] for user in range(USERS)
    }
    empty.sandbox.seed(
        [
            {"id": user, "computers": [{"name": name, "destinations": list(on)} for name, on in computers]}
            for user, computers in users.items()
        ]
    )
    empty.want_all(users)
    # Adoption can be repeated, so that it needs no record of every step.
    empty.up(env=FAST).require()
    assert len(empty.resources(BINDING)) == USERS * COMPUTERS
    asked = [one.path for one in empty.sandbox.requests("GET")]
    assert sorted(asked) == [f"/api/Users/{user}/Computers" for user in users]
