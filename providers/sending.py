"""Sends the purges of one user, and writes down what became of them: before each call, and after its answer."""

from collections.abc import Mapping
from typing import Any, Final

from erasure.account import Account, Listing
from erasure.errors import Refusal
from erasure.ledger import Event, Kind, Lease, LedgerError, Life
from erasure.plan import Bound
from mbs.errors import ApiError, CallFailed, MbsError
from mbs.pace import has_unknown_effect, is_passing
from providers.engine import is_alive
from providers.judgement import Judgement

Errors = dict[str, BaseException | None]

_OF_ALL_CALLS: Final = (401, 403)  # refused whatever the pairs are


class Sender:
    """Sends batches under a judgement that permitted them, for as long as the engine lives and the lease lasts.

    Called with bindings of one user, it returns for each the error that it failed with, or None. A batch that the API
    refuses is halved until the pair that it refuses stands alone.
    """

    def __init__(self, judgement: Judgement, account: Account, lease: Lease) -> None:
        self._judgement = judgement
        self._account = account
        self._lease = lease

    def __call__(self, batch: list[Bound]) -> Errors:
        """Purge these bindings, unless they were accepted in this life already, or are gone."""
        errors: Errors = dict.fromkeys((one.id for one in batch), None)
        left = [one for one in batch if not self._life(one).is_accepted]
        facts = self._judgement.evidence.facts
        for one in left:
            if one.id not in facts:
                finding = f"{one.identity} was not looked up in the account"
                errors[one.id] = Refusal("not-permitted", finding, "run `pulumi up` again")
        gone = [one for one in left if one.id in facts and facts[one.id].pair is None]
        asked_for = [one for one in gone if self._life(one).is_sent]
        try:
            self._append(Kind.ALREADY_ABSENT, [one for one in gone if one not in asked_for])
            self._append(Kind.ALREADY_ABSENT, asked_for, {"after_call": True})
        except LedgerError as error:
            errors.update(dict.fromkeys((one.id for one in gone), error))
        listed = [one for one in left if one.id in facts and facts[one.id].pair is not None]
        return {**errors, **self._purge(listed)} if listed else errors

    def _purge(self, batch: list[Bound]) -> Errors:
        """Send a batch until it is answered; what a lost answer may have done is looked up before it is sent again."""
        left, is_unknown = batch, False

        def attempt() -> None:
            nonlocal left, is_unknown
            if is_unknown:
                left = self._still_listed(left)
            if left:
                self._write_down_that_it_is_sent(left)
                try:
                    self._delete(left)
                except CallFailed as error:
                    is_unknown = has_unknown_effect(error)
                    raise

        errors: Errors = dict.fromkeys((one.id for one in batch), None)
        try:
            self._account.client.pace.run(attempt)
            self._append(Kind.ACCEPTED, left)
        except CallFailed as error:
            # What may have taken effect stays sent: the next operation looks it up.
            return {**errors, **(self._failed(left, error) if is_unknown else self._refused(left, error))}
        except (MbsError, LedgerError, Refusal) as error:
            return {**errors, **self._failed(left, error)}
        return errors

    def _delete(self, batch: list[Bound]) -> None:
        facts = self._judgement.evidence.facts
        pairs = [pair for one in batch if (pair := facts[one.id].pair) is not None]
        self._account.client.delete_user_data(facts[batch[0].id].user_id, pairs)

    def _still_listed(self, batch: list[Bound]) -> list[Bound]:
        """Return what the account still lists after a call whose answer was lost, and write down what it does not."""
        evidence = self._judgement.evidence
        user = evidence.facts[batch[0].id].user_id
        if user in evidence.unknown_users:
            return batch  # whatever is listed of it proves nothing
        listing = Listing(user, self._account.client.computers(user))
        if not listing.is_known:
            return batch
        gone = [one for one in batch if listing.find(one.identity) is None]
        self._append(Kind.ALREADY_ABSENT, gone, {"after_call": True})
        return [one for one in batch if one not in gone]

    def _refused(self, batch: list[Bound], error: CallFailed) -> Errors:
        if len(batch) > 1 and _is_of_some_pair(error):
            half = len(batch) // 2
            return {**self._purge(batch[:half]), **self._purge(batch[half:])}
        try:
            self._append(Kind.FAILED, batch, {"finding": error.finding})
        except LedgerError as unwritten:
            return self._failed(batch, unwritten)
        return self._failed(batch, error)

    def _failed(self, batch: list[Bound], error: BaseException) -> Errors:
        return dict.fromkeys((one.id for one in batch), error)

    def _life(self, bound: Bound) -> Life:
        return self._judgement.lives.get(bound.life, Life())

    def _write_down_that_it_is_sent(self, batch: list[Bound]) -> None:
        if not is_alive():
            raise Refusal("not-permitted", "the engine of this operation has ended", "run `pulumi up` again")
        self._judgement.ledger.append(self._events(Kind.SENT, batch), only_if=self._lease.require)

    def _append(self, kind: Kind, batch: list[Bound], data: Mapping[str, Any] | None = None) -> None:
        self._judgement.ledger.append(self._events(kind, batch, data))

    def _events(self, kind: Kind, batch: list[Bound], data: Mapping[str, Any] | None = None) -> list[Event]:
        return [Event(kind, one.endpoint, one.id, one.life, {**self._sent(one), **(data or {})}) for one in batch]

    def _sent(self, bound: Bound) -> dict[str, Any]:
        facts = self._judgement.evidence.facts[bound.id]
        if facts.pair is None:
            return {}
        names = {"destination": facts.pair.destination_id, "computer": facts.pair.computer_name}
        return {**names, **({"stored_bytes": facts.stored_bytes} if facts.stored_bytes is not None else {})}


def _is_of_some_pair(error: CallFailed) -> bool:
    """Whether the API refused the pairs of a call, and would take others."""
    is_refusal = isinstance(error, ApiError) and error.method == "DELETE" and error.status not in _OF_ALL_CALLS
    return is_refusal and not is_passing(error)
