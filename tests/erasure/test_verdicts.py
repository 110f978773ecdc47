"""What several looks at the account come to."""

import datetime
from dataclasses import replace

import pytest

from erasure.ledger import Event, Kind, Life, Observation, Record, Verdict, purges_in
from erasure.verdict import exit_code, is_open, verdict_of

DAY = datetime.timedelta(hours=24)
ACCEPTED = datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.UTC)
LISTED = Observation(ACCEPTED, is_listed=True, stored_bytes=10)
GONE = Observation(ACCEPTED, is_listed=False, stored_bytes=0)
LONG_BEFORE = ACCEPTED - datetime.timedelta(days=30)


def after(hours: float, seen: Observation) -> Observation:
    return replace(seen, at=ACCEPTED + datetime.timedelta(hours=hours))


def verdict(*looks: Observation, before: Verdict | None = None) -> Verdict:
    """Return what the last of these looks comes to, after the others; `before` is the verdict of the one before."""
    verdicts = ((ACCEPTED, before, ""),) if before is not None else ()
    life = Life("u/d/pc", "life", "https://x.example", accepted_at=ACCEPTED, observations=looks[:-1], verdicts=verdicts)
    return verdict_of(life, looks[-1], DAY)[0]


def test_what_is_listed_is_pending_until_the_deadline_and_overdue_after() -> None:
    assert verdict(after(23.9, LISTED)) == Verdict.PENDING
    assert verdict(after(24, LISTED)) == Verdict.OVERDUE


def test_absence_from_the_list_alone_is_never_an_erasure() -> None:
    assert verdict(after(1, GONE)) == Verdict.DELISTED
    assert verdict(after(1000, GONE)) == Verdict.DELISTED
    unsaid = replace(GONE, stored_bytes=None)
    assert verdict(after(25, unsaid), after(27, unsaid)) == Verdict.UNKNOWN


def test_two_looks_an_hour_apart_and_past_the_deadline_are_an_erasure() -> None:
    assert verdict(after(25, GONE), after(26, GONE)) == Verdict.ERASED
    assert verdict(after(25, GONE), after(25.9, GONE)) == Verdict.DELISTED
    assert verdict(after(23, GONE), after(24, GONE)) == Verdict.DELISTED, "the first look was before the deadline"
    assert verdict(after(25, GONE), after(25.5, GONE), after(26, GONE)) == Verdict.ERASED


def test_where_nothing_was_ever_sent_nothing_is_erased() -> None:
    looks = (after(25, GONE), after(26, GONE))
    found_gone = Life("u/d/pc", "life", "https://x.example", absent_at=ACCEPTED, observations=looks[:-1])
    assert verdict_of(found_gone, looks[-1], DAY)[0] == Verdict.ABSENT
    sent = replace(found_gone, sent_at=(ACCEPTED,), after_call=True)
    assert verdict_of(sent, looks[-1], DAY)[0] == Verdict.ERASED
    assert verdict_of(found_gone, replace(looks[-1], stored_bytes=5), DAY)[0] == Verdict.CONTRADICTED
    settled = replace(found_gone, verdicts=((ACCEPTED, Verdict.ABSENT, "gone"),))
    assert verdict_of(settled, after(30, LISTED), DAY)[0] == Verdict.RETURNED
    assert verdict_of(settled, after(30, Observation(ACCEPTED, problem="unknown user")), DAY)[0] == Verdict.ABSENT


def test_what_the_account_never_listed_is_never_erased() -> None:
    looks = (after(25, GONE), after(26, GONE))
    life = Life("u/d/pc", "life", "https://x.example", accepted_at=ACCEPTED, observations=looks[:-1], was_listed=False)
    verdict, because = verdict_of(life, looks[-1], DAY)
    assert (verdict, because.partition(":")[0]) == (Verdict.ABSENT, "never seen in the account")


def test_a_look_that_saw_it_listed_between_two_undoes_the_first() -> None:
    assert verdict(after(25, GONE), after(26, LISTED), after(27, GONE)) == Verdict.DELISTED


def test_a_look_that_saw_nothing_neither_confirms_nor_undoes() -> None:
    blind = Observation(ACCEPTED, problem="answered 503", is_failed=True)
    assert verdict(after(25, blind), after(27, GONE)) == Verdict.DELISTED
    assert verdict(after(25, GONE), after(26, blind), after(27, GONE)) == Verdict.ERASED
    assert verdict(after(25, blind)) == Verdict.UNKNOWN


@pytest.mark.parametrize("before", Verdict)
def test_a_look_that_failed_replaces_no_verdict(before: Verdict) -> None:
    failed = Observation(ACCEPTED, problem="answered 401", is_failed=True)
    for hours in (1, 25, 25 + 31 * 24):
        assert verdict(after(hours, failed), before=before) is before


def test_a_look_that_failed_ends_no_watch() -> None:
    long_after = ACCEPTED + datetime.timedelta(days=999)
    for last in set(Verdict) - {Verdict.ERASED, Verdict.ABSENT}:
        assert is_open(Life(accepted_at=ACCEPTED, verdicts=((ACCEPTED, last, ""),)), long_after, DAY)


def test_what_was_gone_and_is_listed_again_has_returned() -> None:
    assert verdict(after(1, GONE), after(2, LISTED)) == Verdict.RETURNED
    assert verdict(after(25, GONE), after(26, GONE), after(40, LISTED), before=Verdict.ERASED) == Verdict.RETURNED


def test_what_is_listed_and_backed_up_since_has_returned_once_it_should_be_gone() -> None:
    new = replace(LISTED, not_before=ACCEPTED + datetime.timedelta(hours=1))
    assert verdict(after(2, new)) == Verdict.PENDING
    assert verdict(after(25, new)) == Verdict.RETURNED
    assert verdict(after(25, replace(LISTED, is_running=True))) == Verdict.RETURNED
    assert verdict(after(25, replace(new, copies=1))) == Verdict.OVERDUE, "it may have backed up to the other copy"


def test_data_that_is_stored_though_it_is_not_listed_contradicts_the_erasure() -> None:
    locked = replace(GONE, stored_bytes=5)
    assert verdict(after(25, GONE), after(27, locked)) == Verdict.CONTRADICTED
    assert verdict(after(2, locked)) == Verdict.DELISTED, "before the deadline it may still go"
    assert verdict(after(25, GONE), after(27, replace(locked, copies=1))) == Verdict.UNKNOWN


def test_a_backup_since_the_purge_contradicts_the_erasure() -> None:
    assert verdict(after(25, GONE), after(27, replace(GONE, not_before=ACCEPTED + DAY))) == Verdict.CONTRADICTED
    assert verdict(after(25, GONE), after(27, replace(GONE, is_running=True))) == Verdict.CONTRADICTED
    other = replace(GONE, copies=1, is_running=True)
    assert verdict(after(25, other), after(27, other)) == Verdict.ERASED, "it backs up to the other copy"


def test_an_erasure_says_of_backups_no_more_than_was_seen() -> None:
    old = replace(GONE, not_before=LONG_BEFORE, not_after=LONG_BEFORE)
    reasons = {
        ", no backup since": old,
        "; no run of a backup is known": GONE,
        "": replace(old, copies=1),
        "; no run of a backup is known ": replace(GONE, not_after=LONG_BEFORE),
    }
    for words, seen in reasons.items():
        life = Life(accepted_at=ACCEPTED, observations=(after(25, seen),))
        because = f"twice not listed past the deadline, nothing stored{words.rstrip()}"
        assert verdict_of(life, after(27, seen), DAY) == (Verdict.ERASED, because)


def test_a_backup_that_may_be_running_proves_nothing() -> None:
    unclear = replace(GONE, is_running=None)
    assert verdict(after(25, unclear), after(27, unclear)) == Verdict.UNKNOWN


def test_a_backup_of_which_the_zone_is_not_told_proves_nothing() -> None:
    hour = datetime.timedelta(hours=1)
    unclear = replace(GONE, not_before=ACCEPTED - 15 * hour, not_after=ACCEPTED + 13 * hour)
    assert verdict(after(25, unclear), after(27, unclear)) == Verdict.UNKNOWN
    old = replace(GONE, not_before=LONG_BEFORE, not_after=LONG_BEFORE + 28 * hour)
    assert verdict(after(25, old), after(27, old)) == Verdict.ERASED


def test_a_backup_of_which_the_computer_is_not_told_proves_nothing() -> None:
    somebodys = replace(GONE, not_after=ACCEPTED + DAY)
    life = Life(accepted_at=ACCEPTED, observations=(after(25, somebodys),))
    found, because = verdict_of(life, after(27, somebodys), DAY)
    assert found == Verdict.UNKNOWN
    assert because == "it may have backed up since: a backup ran whose computer or user is not told"


def test_an_erasure_that_was_found_stands_when_the_account_can_no_longer_tell() -> None:
    blind = Observation(ACCEPTED, problem="the account does not know the user any more")
    assert verdict(after(25, GONE), after(26, GONE), after(99, blind), before=Verdict.ERASED) == Verdict.ERASED


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([], 0),
        ([(Verdict.ERASED, True), (Verdict.UNKNOWN, True)], 0),
        ([(Verdict.ERASED, True), (Verdict.UNKNOWN, False)], 2),
        ([(Verdict.PENDING, False), (Verdict.ERASED, True)], 2),
        ([(Verdict.DELISTED, True)], 2),
        ([(Verdict.PENDING, False), (Verdict.OVERDUE, True)], 3),
        ([(Verdict.CONTRADICTED, True)], 3),
        ([(Verdict.RETURNED, False)], 3),
    ],
)
def test_the_exit_code_says_the_worst(verdicts: list[tuple[Verdict, bool]], code: int) -> None:
    assert exit_code(verdicts) == code


def records(*events: tuple[Kind, str, dict[str, object]], endpoint: str = "e", begin: int = 1) -> list[Record]:
    minute = datetime.timedelta(minutes=1)
    return [
        Record("p/s", number, ACCEPTED + number * minute, Event(kind, endpoint, "u/d/pc", life, data), "")
        for number, (kind, life, data) in enumerate(events, start=begin)
    ]


def test_the_ledgers_events_tell_an_erasure() -> None:
    (one,) = purges_in(
        records(
            (Kind.ADOPTED, "1", {}),
            (Kind.INTENDED, "1", {"computer": "PC", "who": "dana"}),
            (Kind.SENT, "1", {}),
            (Kind.FAILED, "1", {"finding": "answered 400"}),
            (Kind.SENT, "1", {}),
            (Kind.ACCEPTED, "1", {}),
            (Kind.OBSERVED, "1", after(3, LISTED).document()),
            (Kind.VERDICT, "1", {"verdict": "pending", "because": "still listed"}),
        )
    )
    assert (one.named("computer"), len(one.sent_at), one.verdict) == ("PC", 2, Verdict.PENDING)
    assert one.accepted_at == ACCEPTED + datetime.timedelta(minutes=6)
    assert [finding for _, finding in one.failures] == ["answered 400"]
    assert one.observations == (replace(LISTED, at=ACCEPTED + datetime.timedelta(minutes=7)),)


def test_a_life_that_only_began_or_whose_purge_was_taken_back_is_no_erasure() -> None:
    assert purges_in(records((Kind.ADOPTED, "1", {}), (Kind.INTENDED, "1", {}), (Kind.WITHDRAWN, "1", {}))) == []


def test_what_is_adopted_again_is_not_looked_after_any_more() -> None:
    first, second = purges_in(
        records(
            (Kind.INTENDED, "1", {}),
            (Kind.ACCEPTED, "1", {}),
            (Kind.ADOPTED, "2", {}),
            (Kind.INTENDED, "2", {}),
            (Kind.ACCEPTED, "2", {}),
        )
    )
    assert (first.adopted_again_at is not None, second.adopted_again_at) == (True, None)
    assert (is_open(first, ACCEPTED, DAY), is_open(second, ACCEPTED, DAY)) == (False, True)


def test_an_adoption_at_another_endpoint_ends_no_erasure() -> None:
    purged = records((Kind.INTENDED, "1", {}), (Kind.ACCEPTED, "1", {}))
    (one,) = purges_in([*purged, *records((Kind.ADOPTED, "2", {}), endpoint="http://127.0.0.1:8787", begin=3)])
    assert is_open(one, ACCEPTED, DAY)
    (one,) = purges_in([*purged, *records((Kind.ADOPTED, "2", {}), begin=3)])
    assert not is_open(one, ACCEPTED, DAY)


def test_a_settled_erasure_is_looked_after_for_thirty_days_and_an_open_one_for_ever() -> None:
    settled = Life("u/d/pc", "life", "e", accepted_at=ACCEPTED, verdicts=((ACCEPTED, Verdict.ERASED, ""),))
    assert is_open(settled, ACCEPTED + datetime.timedelta(days=30), DAY)
    assert not is_open(settled, ACCEPTED + datetime.timedelta(days=31), DAY)
    overdue = replace(settled, verdicts=(*settled.verdicts, (ACCEPTED, Verdict.OVERDUE, "")))
    assert is_open(overdue, ACCEPTED + datetime.timedelta(days=999), DAY)


def test_what_counts_past_the_deadline_counts_at_it_and_a_backup_at_the_purge_is_none_since() -> None:
    assert verdict(after(24, GONE), after(25, GONE)) == Verdict.ERASED
    assert verdict(after(24, replace(GONE, stored_bytes=5))) == Verdict.CONTRADICTED
    at_the_purge = replace(GONE, not_before=ACCEPTED, not_after=ACCEPTED, copies=0)
    assert verdict(after(25, at_the_purge), after(26, at_the_purge)) == Verdict.ERASED


def test_what_was_never_asked_for_has_no_verdict() -> None:
    with pytest.raises(ValueError, match="was not asked for"):
        verdict_of(Life("u/d/pc", "life", "https://x.example"), GONE, DAY)
