"""The account as one operation sees it: each user asked about once, many users at a time."""

import difflib
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from typing import Final, Generic, TypeVar

from erasure.configuration import Configuration
from erasure.errors import Refusal
from erasure.identity import Identity, fold, is_same_but_for_case
from mbs.client import Client
from mbs.errors import MbsError, UnreadableAnswer
from mbs.models import PlanRun, UnusableRow, User, UserComputer
from mbs.pace import Pace

T = TypeVar("T")

_MOST_COMPARED: Final = 2000  # names of one user; finding the nearest of more takes seconds


class Once(Generic[T]):
    """Finds the answer to each key once; who asks meanwhile waits for it, and a failure is an answer as well."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[str, Future[T]] = {}

    def get(self, key: str, find: Callable[[], T]) -> T:
        """Return the answer to a key, or raise what finding it raised."""
        with self._lock:
            is_ours = key not in self._answers
            answer = self._answers.setdefault(key, Future())
        if is_ours:
            try:
                answer.set_result(find())
            except BaseException as error:  # noqa: BLE001 -- whoever waits for the answer gets it as it is
                answer.set_exception(error)
        return answer.result()


class Listing:
    """What the account lists for one user.

    `is_known` is False where the API answered as for an unknown user; such a listing is empty. `unusable` are the rows
    that lack a name or a destination.
    """

    def __init__(self, user_id: str, listed: Iterable[UserComputer | UnusableRow] | None) -> None:
        self.user_id = user_id
        self.is_known = listed is not None
        self.unusable: list[UnusableRow] = []
        self._pairs: dict[tuple[str, str], set[UserComputer]] = {}
        self._destinations: dict[str, set[str]] = {}
        for pair in listed or ():
            if isinstance(pair, UnusableRow):
                self.unusable.append(pair)
                continue
            destination, computer = fold(pair.destination_id), fold(pair.computer_name)
            self._pairs.setdefault((destination, computer), set()).add(pair)
            self._destinations.setdefault(computer, set()).add(destination)

    def find(self, wanted: Identity) -> UserComputer | None:
        """Return the binding as listed, or None.

        Raises Refusal where two listed names would be one binding, so that a purge could not tell which is meant, where
        the listed one has other letters than the wanted one, and where it is not listed by its name and a row without
        one may be it.
        """
        found = self._pairs.get((fold(wanted.destination), fold(wanted.computer)), set())
        if len(found) > 1:
            names = " and ".join(sorted(f"{pair.computer_name!r} on {pair.destination_id}" for pair in found))
            raise Refusal(
                "ambiguous",
                f"the account lists {names} for user {self.user_id}, which are one binding here",
                "rename one of the computers, or purge it in the MBS console",
            )
        if not found and any(_may_be(row, wanted) for row in self.unusable):
            finding = f"the account lists a row without a name or a destination, which may be {wanted}"
            remedy = "see in the MBS console what it is, and try again once the account lists it whole"
            raise Refusal("ambiguous", finding, remedy)
        pair = next(iter(found), None)
        if pair is not None and not _has_the_letters_of(pair, wanted):
            listed = f"{pair.computer_name!r} on {pair.destination_id}"
            finding = f"the account lists {listed} for user {self.user_id}, other letters than those of {wanted}"
            remedy = "check which computer that is; purge it in the MBS console, if it has to go"
            raise Refusal("ambiguous", finding, remedy)
        return pair

    def find_alone(self, wanted: Identity) -> UserComputer | None:
        """Return the binding as listed, or None where nothing is listed that any server might take for it either.

        Raises Refusal as `find` does, and where something else that looks the same is listed.
        """
        pair = self.find(wanted)
        others = sorted(self._by_skeleton.get(wanted.skeleton, set()) - {pair}, key=str)
        if others:
            names = ", ".join(f"{other.computer_name!r} on {other.destination_id}" for other in others[:3])
            raise Refusal(
                "too-alike",
                f"the account lists {names} for user {self.user_id}, which a server might take for {wanted}",
                "rename that computer, or purge in the MBS console once nothing is mistaken",
            )
        return pair

    @cached_property
    def _by_skeleton(self) -> dict[tuple[str, str, str], set[UserComputer]]:
        found: dict[tuple[str, str, str], set[UserComputer]] = {}
        for same in self._pairs.values():
            for pair in same:
                key = Identity(self.user_id, pair.destination_id, pair.computer_name).skeleton
                found.setdefault(key, set()).add(pair)
        return found

    def pairs(self) -> list[UserComputer]:
        """Return all that is listed, in order."""
        every = (pair for same in self._pairs.values() for pair in same)
        return sorted(every, key=lambda pair: (fold(pair.computer_name), pair.destination_id))

    def destinations(self, computer: str) -> frozenset[str]:
        """Return the folded IDs of the destinations that list a computer."""
        return frozenset(self._destinations.get(fold(computer), ()))

    def not_listed(self, wanted: Identity) -> Refusal:
        """Return the refusal to adopt what is not listed."""
        return Refusal(
            "not-listed",
            f"{wanted} is not in the account ({self._nearest(wanted)})",
            "correct the entry, or set `deleted: true` on a user whose MBS account is gone",
        )

    def _nearest(self, wanted: Identity) -> str:
        """Say in a few words what the account lists that comes nearest to something it does not list."""
        pairs = self.pairs()[:_MOST_COMPARED]
        elsewhere = [pair.destination_id for pair in pairs if fold(pair.computer_name) == fold(wanted.computer)]
        if elsewhere:
            return f"it is listed on destination {', '.join(elsewhere[:3])}"
        names = {fold(pair.computer_name): pair for pair in pairs}
        near = difflib.get_close_matches(fold(wanted.computer), names, 3, 0.5)
        if near:
            listed = ", ".join(f"{names[name].computer_name!r} on {names[name].destination_id}" for name in near)
            return f"the nearest listed: {listed}"
        if pairs:
            return "listed are: " + ", ".join(f"{pair.computer_name!r}" for pair in pairs[:3])
        return "nothing is listed for this user" if self.is_known else "the account does not know this user"


def _may_be(row: UnusableRow, wanted: Identity) -> bool:
    told = ((row.destination_id, wanted.destination), (row.computer_name, wanted.computer))
    return all(not part or fold(part) == fold(own) for part, own in told)


def _has_the_letters_of(pair: UserComputer, wanted: Identity) -> bool:
    parts = ((pair.computer_name, wanted.computer), (pair.destination_id, wanted.destination))
    return all(is_same_but_for_case(listed, meant) for listed, meant in parts)


class Account:
    """The account behind a client; every answer is asked for once and kept, failures as well.

    `concurrency` is the number of users asked about at the same time.
    """

    def __init__(self, client: Client, concurrency: int) -> None:
        self.client = client
        self._concurrency = concurrency
        self._listings = Once[Listing]()
        self._users = Once[User | None]()
        self._plan_runs = Once[list[PlanRun]]()

    def listing(self, user_id: str) -> Listing:
        """Return a user's listing. Raises MbsError."""
        return self._listings.get(fold(user_id), lambda: Listing(user_id, self.client.computers(user_id)))

    def user(self, user_id: str) -> User | None:
        """Return a user, or None where the account does not know the ID. Raises MbsError."""
        return self._users.get(fold(user_id), lambda: self.client.user(user_id))

    def plan_runs(self, user_id: str) -> list[PlanRun]:
        """Return the latest runs of a user's backup plans, and those of which it is not told whose. Raises MbsError."""
        every = self._plan_runs.get("", self.client.plan_runs)
        return [run for run in every if run.user_id is None or fold(run.user_id) == fold(user_id)]

    def knows(self, user_id: str) -> bool:
        """Whether the account has this user, whose listing lacks something. Raises MbsError.

        An account that knows a user and lists nothing, not even an empty list, contradicts itself and proves nothing.
        """
        is_known = self.user(user_id) is not None
        if is_known and not self.listing(user_id).is_known:
            raise UnreadableAnswer("GET", f"/api/Users/{user_id}/Computers", "denies a user that the account knows")
        return is_known

    def for_each(self, user_ids: Iterable[str], act: Callable[[str], T]) -> list[T]:
        """Do something for every user, several at a time, each user once; results come in the users' order."""
        users = list({fold(user): user for user in user_ids}.values())
        if not users:
            return []
        with ThreadPoolExecutor(min(self._concurrency, len(users)), thread_name_prefix="account") as pool:
            return list(pool.map(act, users))


def open_account(settings: Configuration) -> Account:
    """Return the account that the configuration leads to; nothing is sent yet. Raises Refusal without credentials."""
    if settings.credentials is None:
        raise Refusal(
            "credentials",
            f"{settings.endpoint} is to be asked, and neither a token nor a login is set",
            "set MBS_TOKEN, or MBS_LOGIN and MBS_PASSWORD, in the environment, or `pulumi config set --secret token`",
        )
    try:
        pace = Pace(settings.retries)
        client = Client(settings.endpoint, settings.credentials, timeout=settings.timeout, pace=pace)
    except MbsError as error:
        raise Refusal("credentials", error.finding, error.remedy) from None
    return Account(client, settings.concurrency)
