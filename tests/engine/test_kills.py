"""Updates that are killed or interrupted half-way: the next one finishes them, and repeats nothing."""

import re
import time

import pytest

from tests.engine.many import FAST, USERS, Many
from tests.engine.rehearsal import names

# Each victim with each way of writing the state, each time at another moment of the update: before its first call, with
# calls in flight, or when all but the last have begun. Where two are sent at a time, the others wait in the plugin.
KILLS = [
    (("engine",), "step by step", 0, 0.2, 4),
    (("engine",), "at the end", USERS - 2, 0.0, 16),
    (("plugin",), "step by step", USERS - 2, 0.2, 4),
    (("plugin",), "at the end", 1, 0.0, 16),
    (("engine", "plugin"), "step by step", USERS // 2, 0.0, 2),
    (("engine", "plugin"), "at the end", USERS // 2, 0.1, 2),
]


@pytest.mark.parametrize(
    ("victims", "state", "calls", "pause", "concurrency"),
    KILLS,
    ids=[f"{' and '.join(kill[0])}, state {kill[1]}, {kill[2]} calls" for kill in KILLS],
)
def test_a_killed_update_is_finished_by_the_next_and_each_purge_is_accepted_once(
    many: Many, victims: tuple[str, ...], state: str, calls: int, pause: float, concurrency: int
) -> None:
    env = {**(FAST if state == "at the end" else {}), "MBS_CONCURRENCY": str(concurrency)}
    many.drop()
    update = many.start(env=env)
    many.wait_for_calls(calls, update)
    time.sleep(pause)
    update.kill(*victims)
    assert update.left() == []
    many.finish(env)
    many.require_each_purged_once()


def test_entries_restored_after_a_kill_and_backed_up_again_are_purged_again_when_they_are_dropped_later(
    many: Many,
) -> None:
    many.drop()
    update = many.start(env={**FAST, "MBS_CONCURRENCY": "2"})
    many.wait_for_calls(USERS // 2, update)
    update.kill("engine", "plugin")
    assert update.left() == []
    many.wait_until_all_is_answered()
    some = names(many.accepted())
    assert 0 < len(some) < len(many.dropped)
    many.want_all_of_them()
    many.fill_account()
    many.finish()
    assert many.accepted() == []
    many.drop()
    many.finish()
    many.require_each_purged_once()


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_stops_the_purges_after_no_more_calls_than_were_in_flight(many: Many, times: int) -> None:
    """The engine has asked for eight deletions when it hears of it: four are served, and four wait in the plugin."""
    sandbox, in_flight = many.rehearsal.sandbox, 8
    sandbox.change_settings(latency="700ms")
    many.drop()
    update = many.start("--parallel", "8", env={"MBS_CONCURRENCY": str(in_flight)})
    many.wait_for_calls(in_flight, update)
    update.interrupt()
    many.wait_for(lambda: "^C received" in update.said, update)
    begun = len(sandbox.requests("DELETE"))  # by when it has heard: a busy machine hears late
    if times == 2:
        update.interrupt()
    assert update.end().code != 0
    assert update.left() == []
    assert len(sandbox.requests("DELETE")) <= begun + in_flight
    sandbox.change_settings(latency="0ms")
    many.finish()
    many.require_each_purged_once()


def test_a_second_run_is_refused_while_the_first_one_purges(many: Many) -> None:
    many.rehearsal.sandbox.change_settings(latency="1s")
    many.drop()
    # Without checkpoints: `cancel` has to read the state, which the engine does not write in one step.
    first = many.start("--parallel", "8", env={**FAST, "MBS_CONCURRENCY": "4"})
    many.wait_for_calls(1, first)
    many.rehearsal.workspace.run("cancel", "--yes").require()  # the engine's own lock is broken by force
    second = many.rehearsal.up()
    assert first.is_running
    assert second.code != 0
    assert "lease: another run of this stack is purging (process " in second.output
    assert re.search(r"left behind: `ps -fp (\d+)` on \S+ shows it, and `kill \1` ends it", second.output)
    first.end()
    many.rehearsal.sandbox.change_settings(latency="0ms")
    many.finish()
    many.require_each_purged_once()
