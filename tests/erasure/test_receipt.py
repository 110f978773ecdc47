"""What a receipt says of a ledger's events."""

import datetime
from pathlib import Path

import pytest

from erasure import clock
from erasure.console.ledger import BROKEN
from erasure.console.receipt import check_copy
from erasure.console.stack import ConsoleError
from erasure.ledger import Event, Kind, Ledger, Verdict
from erasure.reports.receipt import WORDING, Closed, Receipt, Selection, receipt

BEGIN = datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.UTC)
INTENTION = {
    "user": "u",
    "destination": "d",
    "computer": "PC",
    "customer": "Acme Dental",
    "digest": "sha256:1",
    "purges": 1,
    "who": "dana@msp.example",
    "commit": "abc",
    "differs": False,
    "approved_by": "eve@msp.example",
    "reason": "Contract ended",
    "request": "DSR-1",
    "due": "2026-12-31",
}


class Book:
    """A ledger that is written hour by hour."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = BEGIN
        self.ledger = Ledger("sqlite:///ledger.db", "mbs-erasure/acme", folder)
        monkeypatch.setattr(clock, "now", lambda: self.now)

    def write(
        self, kind: Kind, data: dict[str, object] | None = None, life: str = "1", binding: str = "u/d/pc"
    ) -> None:
        self.ledger.append([Event(kind, "https://x.example", binding, life, data or {})])
        self.now += datetime.timedelta(hours=1)

    def purge(self, life: str = "1", binding: str = "u/d/pc", **known: object) -> None:
        self.write(Kind.INTENDED, {**INTENTION, **known}, life, binding)
        self.write(Kind.SENT, {"stored_bytes": 100}, life, binding)
        self.write(Kind.ACCEPTED, {}, life, binding)

    def verdict(self, verdict: Verdict, because: str = "so it is", **seen: object) -> None:
        self.write(Kind.OBSERVED, {"listed": False, **seen})
        self.write(Kind.VERDICT, {"verdict": verdict.value, "because": because})

    def receipt(self, **selection: object) -> Receipt:
        chosen = Selection.model_validate(selection)
        return receipt("acme", list(self.ledger.records(self.ledger.chain)), chosen, self.now)


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Book:
    return Book(tmp_path, monkeypatch)


def test_a_receipt_tells_who_asked_who_approved_what_was_answered_and_what_was_seen(book: Book) -> None:
    book.purge()
    book.verdict(Verdict.ERASED, stored_bytes=0)
    made = book.receipt()
    (one,) = made.purges
    assert (one.customer, one.user, one.computer, one.destination) == ("Acme Dental", "u", "PC", "d")
    assert (one.asked_by, one.approved_by, one.reason) == ("dana@msp.example", "eve@msp.example", "Contract ended")
    assert (one.digest, one.set_size, one.commit, one.differed) == ("sha256:1", 1, "abc", False)
    assert (one.answer, one.answered_at, one.stored_bytes) == ("accepted", BEGIN + 2 * datetime.timedelta(hours=1), 100)
    assert [call.at for call in one.calls] == [BEGIN + datetime.timedelta(hours=1)]
    assert (one.verdict, one.because, one.due_met, one.unverified) == (Verdict.ERASED, "so it is", "met", ())
    assert [(look.listed, look.stored_bytes) for look in one.looks] == [(False, 0)]
    assert made.counts == {"erased": 1}
    assert [(each.request, each.erased, each.due_met) for each in made.requests] == [("DSR-1", 1, "met")]
    assert (made.ledger.event, len(one.events)) == (5, 5)


def test_what_nobody_looked_at_or_what_is_not_erased_is_said_plainly(book: Book) -> None:
    book.purge()
    (one,) = book.receipt().purges
    assert one.unverified == ("Nobody has looked at the account since.",)
    assert (one.verdict, one.due_met, book.receipt().counts) == (None, "open", {"unseen": 1})
    book.verdict(Verdict.OVERDUE, "still listed past the deadline", listed=True)
    (one,) = book.receipt().purges
    assert one.unverified[0] == "That the data is erased: still listed past the deadline."
    assert "How much is stored: the account did not tell." in one.unverified


def test_a_legal_deadline_is_met_missed_or_open(book: Book) -> None:
    book.purge(due="2026-12-01")
    assert book.receipt().requests[0].due_met == "open"
    book.now = BEGIN + datetime.timedelta(days=3)
    assert book.receipt().requests[0].due_met == "missed", "it is over, and nothing is erased yet"
    book.verdict(Verdict.ERASED)
    assert book.receipt().requests[0].due_met == "missed", "it was erased too late"


def test_a_purge_without_a_known_answer_is_told_from_a_refused_and_from_an_absent_one(book: Book) -> None:
    book.write(Kind.INTENDED, INTENTION)
    assert book.receipt().purges[0].answer == "not asked"
    book.write(Kind.SENT)
    assert book.receipt().purges[0].answer == "lost"
    book.write(Kind.FAILED, {"finding": "answered 400"})
    (one,) = book.receipt().purges
    assert (one.answer, one.failures[0].finding) == ("refused", "answered 400")
    assert one.unverified == ("The API has not accepted this purge: nothing is erased as far as is known.",)
    book.write(Kind.SENT)
    assert book.receipt().purges[0].answer == "lost"
    book.write(Kind.ALREADY_ABSENT, {"after_call": True})
    (one,) = book.receipt().purges
    assert one.answer == "gone after a lost answer"
    assert "Whether our call removed it: its answer was lost, and the data was not listed any more." in one.unverified
    book.write(Kind.INTENDED, INTENTION, "2", "u/d/other")
    book.write(Kind.ALREADY_ABSENT, {}, "2", "u/d/other")
    assert book.receipt().purges[1].answer == "gone"


def test_a_receipt_is_of_a_customer_a_request_or_a_period(book: Book) -> None:
    book.purge("1", "u/d/a", customer="Acme Dental", request="DSR-1")
    book.now += datetime.timedelta(days=2)
    book.purge("2", "u/d/b", customer="Globex", request="DSR-2")
    assert [one.customer for one in book.receipt().purges] == ["Acme Dental", "Globex"]
    assert [one.customer for one in book.receipt(customer="ACME dental").purges] == ["Acme Dental"]
    assert [one.customer for one in book.receipt(request="DSR-2").purges] == ["Globex"]
    assert [one.customer for one in book.receipt(since=datetime.date(2026, 12, 1)).purges] == ["Globex"]


def test_a_receipt_made_again_from_the_same_events_is_the_same_to_the_byte(book: Book) -> None:
    book.purge()
    first = book.receipt()
    text = first.text()
    book.verdict(Verdict.ERASED)
    records = list(book.ledger.records(book.ledger.chain))
    again = receipt("acme", records[: first.ledger.event], first.selection, first.made_at)
    assert again.text() == text
    assert Receipt.model_validate_json(text) == first


def test_an_empty_ledger_gives_no_receipt() -> None:
    with pytest.raises(ValueError, match="no event"):
        receipt("acme", [], Selection(), BEGIN)


def test_one_changed_byte_anywhere_in_a_copy_is_found(book: Book, tmp_path: Path) -> None:
    book.purge()
    book.verdict(Verdict.ERASED, stored_bytes=0)
    records = list(book.ledger.records(book.ledger.chain))
    copy = tmp_path / "receipt.json"
    whole = book.receipt().text().encode()
    copy.write_bytes(whole)
    assert check_copy(copy, "acme", records) == 0
    for place in range(len(whole)):
        copy.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert check_copy(copy, "acme", records) == BROKEN, f"byte {place}"


def test_a_copy_of_another_ledger_is_found(book: Book, tmp_path: Path) -> None:
    book.purge()
    copy = tmp_path / "receipt.json"
    copy.write_text(book.receipt().text(), encoding="utf-8")
    book.write(Kind.OBSERVED, {"listed": True})
    records = list(book.ledger.records(book.ledger.chain))
    assert check_copy(copy, "acme", records) == 0, "later events do not matter"
    record, _ = records[1]
    assert check_copy(copy, "acme", [records[0], (record, "0" * 64), *records[2:]]) == BROKEN
    assert check_copy(copy, "acme", records[:2]) == BROKEN
    assert check_copy(copy, "acme", []) == BROKEN
    with pytest.raises(ConsoleError, match="pass --stack acme"):
        check_copy(copy, "globex", [])


def test_a_copy_that_was_changed_and_sealed_anew_is_not_what_the_ledger_says(book: Book, tmp_path: Path) -> None:
    book.purge()
    copy, records = tmp_path / "receipt.json", list(book.ledger.records(book.ledger.chain))
    forged = book.receipt().model_copy(update={"counts": {"erased": 1}}).sealed()
    copy.write_text(forged.text(), encoding="utf-8")
    assert check_copy(copy, "acme", records) == BROKEN


def test_a_receipt_of_an_earlier_version_is_whole_in_its_own_words_and_no_other_facts(
    book: Book, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book.purge()
    book.verdict(Verdict.OVERDUE)
    copy, records, made = tmp_path / "receipt.json", list(book.ledger.records(book.ledger.chain)), book.receipt()

    def checked(wording: int, words: str = "Said otherwise.", **facts: object) -> int:
        purge = made.purges[0].model_copy(update={"unverified": (words,), **facts})
        change = {"limits": (words, f"In the words of version {wording}."), "purges": (purge,)}
        copy.write_text(made.model_copy(update=change).sealed().text(), encoding="utf-8")
        return check_copy(copy, "acme", records)

    assert checked(WORDING - 1) == 0
    told = capsys.readouterr().out
    assert f"its first 5 events, which are unchanged up to the hash {made.ledger.hash}; its wording is that of" in told
    assert checked(WORDING) == BROKEN, "this version's words are compared to the byte"
    for other in (
        {"verdict": Verdict.ERASED},
        {"stored_bytes": 1},
        {"events": made.purges[0].events[1:]},
        {"looks": (made.purges[0].looks[0].model_copy(update={"listed": True}),)},
        {"closed": Closed(at=BEGIN, by="dana", reason="x")},
    ):
        assert checked(WORDING - 1, **other) == BROKEN, other
    assert (made.wording, made.model_copy(update={"limits": made.limits[:-1]}).wording) == (WORDING, 1)


def test_a_receipt_tells_what_a_stack_purged_under_an_earlier_name(book: Book, tmp_path: Path) -> None:
    book.purge()
    former, before, copy = book.ledger, book.receipt(), tmp_path / "receipt.json"
    book.ledger = Ledger("sqlite:///ledger.db", "mbs-erasure/acme-dental", tmp_path)
    book.verdict(Verdict.OVERDUE)
    book.purge("2", "u/d/other")
    records = book.ledger.history(["1"])
    made = receipt("acme-dental", records, Selection(), book.now)
    first, second = made.purges
    assert (first.answer, first.verdict, second.answer) == ("accepted", "overdue", "accepted")
    assert [(head.chain, head.event) for head in made.earlier] == [(former.chain, 3)]
    assert (made.ledger.chain, made.ledger.event) == ("mbs-erasure/acme-dental", 5)
    assert [(link.chain, link.event) for link in first.events] == [*((former.chain, one) for one in (1, 2, 3)),
        (None, 1), (None, 2)]  # fmt: skip
    for one in (made, before):
        copy.write_text(one.text(), encoding="utf-8")
        assert check_copy(copy, "acme-dental", records) == 0, "one of the earlier name is whole as well"
    assert check_copy(copy, "acme-dental", records[1:]) == BROKEN
    assert "earlier" not in before.text(), "the form of version 1 is as it was"
