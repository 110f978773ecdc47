"""Several clients at a time."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from sandbox.running import RunningSandbox
from tests.sandbox.conftest import DESTINATION, USER, Api, under_way

BATCH = [f"PC-{number}" for number in range(20)]


def test_listing_sees_all_of_a_purge_or_nothing(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.change_settings(purge_delay="0s")
    users = [f"user-{number}" for number in range(8)]
    sandbox.seed(
        [{"id": user, "computers": [{"name": name, "destinations": [DESTINATION]} for name in BATCH]} for user in users]
    )

    def purge(user: str) -> set[int]:
        own = Api(sandbox)
        with own.session:
            own.purge(*BATCH, user=user)
            return {len(own.listing(user))}

    def look(user: str) -> set[int]:
        own = Api(sandbox)
        with own.session:
            return {len(own.listing(user)) for _ in range(10)}

    with ThreadPoolExecutor(16) as pool:
        seen = [*pool.map(look, users), *pool.map(purge, users)]
    assert set().union(*seen) <= {0, len(BATCH)}
    assert len(sandbox.state().purges) == len(users) * len(BATCH)
    assert all(api.listing(user) == [] for user in users)


def test_concurrent_purges_of_one_user_are_all_kept(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.seed([{"id": USER, "computers": [{"name": name, "destinations": [DESTINATION]} for name in BATCH]}])
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(api.purge, BATCH))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(purge.computer for purge in sandbox.state().purges) == sorted(BATCH)
    numbers = [request.sequence for request in sandbox.requests("DELETE")]
    assert len(set(numbers)) == len(BATCH)


def test_latency_holds_up_nobody_else(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.change_settings(latency="1h")
    with ExitStack() as clients:
        for _ in range(24):
            clients.enter_context(under_way(sandbox, api))
        assert [one.status for one in sandbox.requests()] == [None] * 24
        sandbox.change_settings(latency="0ms")
        assert api.get("Users").status_code == 200
