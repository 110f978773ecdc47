"""Sends the purges of one user, and writes down what became of them: before each call, and after its answer."""

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any, Final

import pulumi
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_fixed

from erasure.account import Account, Listing
from erasure.errors import Refusal
from erasure.evidence import UserEvidence, stored_of
from erasure.identity import fold
from erasure.ledger import SECOND_LOOK, Event, Kind, Lease, Ledger, LedgerError
from erasure.plan import Bound
from mbs.errors import ApiError, CallFailed, MbsError, UnreadableAnswer
from mbs.pace import has_unknown_effect, is_passing
from policies.rules import Case
from providers.engine import is_alive

Errors = dict[str, BaseException | None]

_AGAIN: Final = 1.0  # seconds until what a call came to is written down again
_HELD_UP: Final = 30.0  # seconds that deletions wait for it
_OF_ALL_CALLS: Final = (401, 403)  # refused whatever the pairs are


class Sender:
    """Sends batches of a case whose judgement permitted them, for as long as the engine lives and the lease lasts.

    Called with bindings of one user, it returns for each the error that it failed with, or None. A batch that the API
    refuses is halved until the pair that it refuses stands alone. `digest` names the intention that it goes under.
    """

    def __init__(self, case: Case, digest: str, account: Account, ledger: Ledger, lease: Lease) -> None:
        self._case = case
        self._digest = digest
        self._account = account
        self._ledger = ledger
        self._lease = lease

    def __call__(self, batch: list[Bound]) -> Errors:
        """Purge these bindings, unless they were accepted in this life already, or are gone."""
        errors: Errors = dict.fromkeys((purge.id for purge in batch), None)
        left = [purge for purge in batch if not self._case.life_of(purge).is_accepted]
        pairs = self._about(batch).pairs
        for purge in left:
            if purge.id not in pairs:
                finding = f"{purge.identity} was not looked up in the account"
                errors[purge.id] = Refusal("not-permitted", finding, "run `pulumi up` again")
        missing = [purge for purge in left if purge.id in pairs and pairs[purge.id] is None]
        errors |= self._not_listed(missing)
        listed = [purge for purge in left if pairs.get(purge.id) is not None]
        return {**errors, **self._purge(listed)} if listed else errors

    def _not_listed(self, missing: list[Bound]) -> Errors:
        """Write off what is gone, and keep owed what one look alone did not find."""
        about = self._about(missing) if missing else None
        gone = [purge for purge in missing if self._is_gone(purge, about)]
        doubtful = [purge for purge in missing if purge not in gone]
        asked_for = [purge for purge in gone if self._case.life_of(purge).is_unanswered]
        try:
            self._append(Kind.NOT_FOUND, doubtful)
            self._append(Kind.ALREADY_ABSENT, [purge for purge in gone if purge not in asked_for])
            self._append(Kind.ALREADY_ABSENT, asked_for, {"after_call": True})
        except LedgerError as error:
            return self._failed(missing, error)
        return {purge.id: self._unproven(purge) for purge in doubtful}

    def _is_gone(self, purge: Bound, about: UserEvidence | None) -> bool:
        """Whether it is proven that something which is not listed is gone.

        By a second look; or, where a call of ours may have removed it, by an answer that does not look like a failure.
        """
        life = self._case.life_of(purge)
        if life.absent_at is not None:
            return True  # as an earlier update, which did not get further, wrote down
        if life.missing_at is not None and self._case.now - life.missing_at >= SECOND_LOOK:
            return True
        if not life.is_unanswered or about is None or about.listing is None:
            return False
        return _is_credible(about.listing, about.stored, purge)

    def _unproven(self, purge: Bound) -> Refusal:
        first = self._case.life_of(purge).missing_at or self._case.now
        return Refusal(
            "not-found",
            f"{purge.identity} is not listed any more, which one look does not prove, so that its purge stays owed",
            f"run `pulumi up` again from {first + SECOND_LOOK:%Y-%m-%d %H:%M} UTC on: a second look settles it; or give"
            " its entry `release`",
        )

    def _purge(self, batch: list[Bound]) -> Errors:
        """Send a batch until it is answered; what a lost answer may have done is looked up before it is sent again."""
        about, left, is_unknown = self._about(batch), batch, False

        def attempt() -> None:
            nonlocal left, is_unknown
            if is_unknown:
                # What is gone by now went by our call, and the record has to say so.
                left = self._still_listed(left)
            if left:
                self._write_down_that_it_is_sent(left)
                pairs = [pair for purge in left if (pair := about.pairs[purge.id]) is not None]
                try:
                    self._account.client.delete_user_data(about.user, pairs)
                except CallFailed as error:
                    is_unknown = has_unknown_effect(error)
                    raise

        errors: Errors = dict.fromkeys((purge.id for purge in batch), None)
        try:
            self._account.client.pace.run(attempt)
            self._write_down(Kind.ACCEPTED, left)
        except CallFailed as error:
            # What may have taken effect stays sent: the next operation looks it up.
            if is_unknown and isinstance(error, UnreadableAnswer):
                return {**errors, **self._recorded(Kind.NOT_UNDERSTOOD, left, error)}
            return {**errors, **(self._failed(left, error) if is_unknown else self._refused(left, error))}
        except (MbsError, LedgerError, Refusal) as error:
            return {**errors, **self._failed(left, error)}
        return errors

    def _still_listed(self, batch: list[Bound]) -> list[Bound]:
        """Return what the account still lists after a call whose answer was lost, and write down what it does not."""
        about = self._about(batch)
        if not about.is_known:
            return batch  # whatever is listed of it proves nothing
        listing = Listing(about.user, self._account.client.computers(about.user))
        if not listing.is_known:
            return batch
        gone = [purge for purge in batch if listing.find_alone(purge.identity) is None]
        stored = stored_of(about.user, self._account, self._case.now) if gone and not listing.pairs() else None
        doubtful = [purge for purge in gone if not _is_credible(listing, stored, purge)]
        if doubtful:
            self._append(Kind.NOT_FOUND, doubtful)
            raise self._unproven(doubtful[0])
        self._write_down(Kind.ALREADY_ABSENT, gone, {"after_call": True})
        return [purge for purge in batch if purge not in gone]

    def _refused(self, batch: list[Bound], error: CallFailed) -> Errors:
        if len(batch) > 1 and _is_of_some_pair(error):
            half = len(batch) // 2
            return {**self._purge(batch[:half]), **self._purge(batch[half:])}
        return self._recorded(Kind.FAILED, batch, error)

    def _recorded(self, kind: Kind, batch: list[Bound], error: CallFailed) -> Errors:
        """Write down what the API said, and return it as what each purge failed with."""
        try:
            self._write_down(kind, batch, {"finding": error.finding})
        except LedgerError as unwritten:
            return self._failed(batch, unwritten)
        return self._failed(batch, error)

    def _failed(self, batch: list[Bound], error: BaseException) -> Errors:
        return dict.fromkeys((purge.id for purge in batch), error)

    def _about(self, batch: list[Bound]) -> UserEvidence:
        """Return what the account says about the one user of a batch."""
        return self._case.evidence.of_user(batch[0].user)

    def _write_down_that_it_is_sent(self, batch: list[Bound]) -> None:
        if not is_alive():
            raise Refusal("not-permitted", "the engine of this operation has ended", "run `pulumi up` again")
        self._ledger.append(self._events(Kind.SENT, batch, {"digest": self._digest}), only_if=self._lease.require)

    def _write_down(self, kind: Kind, batch: list[Bound], data: Mapping[str, Any] | None = None) -> None:
        """Write down what a call came to, for as long as the engine lives: nothing else knows it.

        The deletions of the batch wait for that no longer than `_HELD_UP`, so that a ledger which is gone for good ends
        the update. Raises LedgerError.
        """
        again = Retrying(
            retry=retry_if_exception_type(LedgerError),
            stop=lambda _: not is_alive(),
            wait=wait_fixed(_AGAIN),
            before_sleep=_tell_once,
            reraise=True,
        )
        written = Future[None]()

        def write() -> None:
            try:
                written.set_result(again(self._append, kind, batch, data))
            except BaseException as error:  # noqa: BLE001 -- whoever waits raises it
                written.set_exception(error)

        threading.Thread(target=write, name="answer", daemon=True).start()
        try:
            written.result(_HELD_UP)
        except TimeoutError:
            raise LedgerError("what a call came to could not be written down; the next update looks it up") from None

    def _append(self, kind: Kind, batch: list[Bound], data: Mapping[str, Any] | None = None) -> None:
        self._ledger.append(self._events(kind, batch, data))

    def _events(self, kind: Kind, batch: list[Bound], data: Mapping[str, Any] | None = None) -> list[Event]:
        return [
            Event(kind, purge.endpoint, purge.id, purge.life, {**self._what(purge), **(data or {})}) for purge in batch
        ]

    def _what(self, purge: Bound) -> dict[str, Any]:
        """Return what a purge names to the API, and how much is stored of it."""
        about = self._about([purge])
        pair, seen = about.pairs[purge.id], about.observations[purge.id]
        if pair is None:
            return {}
        names: dict[str, Any] = {"destination": pair.destination_id, "computer": pair.computer_name}
        if seen.is_listed is None:
            names["unlisted"] = True  # it is asked for by the names of its adoption
        return {**names, **({"stored_bytes": seen.stored_bytes} if seen.stored_bytes is not None else {})}


def _is_credible(listing: Listing, stored: Mapping[str | None, int] | None, purge: Bound) -> bool:
    """Whether a listing that lacks what a call of ours may have removed says so.

    One that has other things does. An empty one may be a failure: not where Billing says that something is stored.
    """
    return bool(listing.pairs()) or not stored or not (stored.get(fold(purge.computer)) or stored.get(None))


def _tell_once(state: RetryCallState) -> None:
    if state.attempt_number == 1 and state.outcome is not None:
        finding = f"what a call came to cannot be written down: {state.outcome.exception()}"
        pulumi.log.warn(f"ledger: {finding}; it is tried again for as long as this update lives")


def _is_of_some_pair(error: CallFailed) -> bool:
    """Whether the API refused the pairs of a call, and would take others."""
    is_refusal = isinstance(error, ApiError) and error.method == "DELETE" and error.status not in _OF_ALL_CALLS
    return is_refusal and not is_passing(error)
