"""A user-computer-destination binding as a Pulumi resource.

The path of this module, the class names and the property names are a state format: every stack holds them, and a later
version of this code must still serve what an earlier one wrote. `version` in the properties says which.
"""

import contextlib
from collections.abc import Mapping
from typing import Any, Final

import pulumi
from pulumi import dynamic

from erasure.errors import Refusal
from erasure.files.inventory import Entry
from erasure.identity import Identity
from erasure.plan import Bound
from mbs.errors import MbsError
from providers import plugin

Properties = dict[str, Any]

VERSION: Final = 1
_IDENTITY: Final[tuple[str, ...]] = ("user", "destination", "computer")
_DECLARED: Final[tuple[str, ...]] = ("hold", "deleted", "version")
_COMPARED: Final[tuple[str, ...]] = (*_DECLARED, "endpoint", "after")


class BindingProvider(dynamic.ResourceProvider):
    """Adopts, looks up and purges bindings. It has no attributes: the state holds its name alone."""

    serialize_as_secret_always = False  # there is nothing secret in a name

    def configure(self, req: dynamic.ConfigureRequest) -> None:
        """Take the connection from the stack's configuration."""
        plugin.operation().configure(req)

    def check(self, _olds: Properties, news: Properties) -> dynamic.CheckResult:
        """Note that the program declares this binding; another spelling of the same one is no change.

        `endpoint` and `after` (the life that had to end) come from the plan's judgement, and stay as they are else.
        """
        name, current = _identity(news).id, plugin.operation()
        current.checked(name)
        inputs: Properties = {key: news[key] for key in (*_IDENTITY, *_DECLARED) if key in news}
        if all(key in _olds for key in _IDENTITY) and _identity(_olds).id == name:
            inputs.update({key: _olds[key] for key in (*_IDENTITY, "endpoint", "after") if key in _olds})
        if "endpoint" not in inputs or current.is_rebound(name):
            inputs["endpoint"] = current.connection.configuration.endpoint
        if (life := current.spent_life_of(name)) is not None:
            inputs["after"] = life
        return dynamic.CheckResult(inputs, [])

    def diff(self, _id: str, _olds: Properties, _news: Properties) -> dynamic.DiffResult:
        """Compare what may change; who it is stands in the name, so that nothing asks for a replacement."""
        return dynamic.DiffResult(changes=any(_olds.get(key) != _news.get(key) for key in _COMPARED), replaces=[])

    def create(self, props: Properties) -> dynamic.CreateResult:
        """Adopt: the account must list the binding. Only reads are sent.

        Raises Refusal if it is not listed, MbsError if the account cannot be asked.
        """
        name = _identity(props).id
        return dynamic.CreateResult(name, _adopted(name, props))

    def read(self, id_: str, props: Properties) -> dynamic.ReadResult:
        """Look the binding up. It is gone only if the account knows its user and does not list it.

        What is owed is kept: only an update writes down what became of a purge.
        """
        bound = bound_of(id_, props)
        try:
            if _is_gone(bound):
                plugin.require_not_owed(bound)
                return dynamic.ReadResult(id_=None, outs={})
        except (MbsError, Refusal) as error:
            pulumi.log.warn(f"{bound.identity} is kept as it was: {error}")
        return dynamic.ReadResult(id_=id_, outs=dict(props))

    def update(self, _id: str, _olds: Properties, _news: Properties) -> dynamic.UpdateResult:
        """Record a changed hold or deletion mark, or begin a new life; nothing changes in the account."""
        if any(_olds.get(key) != _news.get(key) for key in ("endpoint", "after")):
            return dynamic.UpdateResult(_adopted(_id, _news))
        return dynamic.UpdateResult({**_compared(_news), **{key: _olds[key] for key in (*_IDENTITY, "life")}})

    def delete(self, _id: str, _props: Properties) -> None:
        """Hand over to the purge run, which purges only what this operation's plan permits."""
        plugin.operation().delete(bound_of(_id, _props))


class Binding(dynamic.Resource, module="mbs", name="Binding"):
    """The resource of one binding. Its name is the binding's id; its deletion is the purge."""

    def __init__(self, wanted: Entry) -> None:
        """Declare a binding that is to stay."""
        properties: Properties = {"version": VERSION, **{key: getattr(wanted, key) for key in _IDENTITY}}
        if wanted.hold is not None:
            properties["hold"] = wanted.hold
        if wanted.deleted:
            properties["deleted"] = True
        protect = pulumi.ResourceOptions(protect=True) if wanted.hold is not None else None
        super().__init__(BindingProvider(), wanted.identity.id, properties, protect)


def _adopted(name: str, properties: Properties) -> Properties:
    """Return a binding's outputs for a life that begins: every part as the account lists it now."""
    wanted, current = _identity(properties), plugin.operation()
    names = {key: properties[key] for key in _IDENTITY}
    if not properties.get("deleted", False):
        listing = current.connection.account().listing(wanted.user)
        pair = listing.find(wanted)
        if pair is None:
            raise listing.not_listed(wanted)
        names.update(destination=pair.destination_id, computer=pair.computer_name)
    endpoint, life = current.connection.configuration.endpoint, current.adopt(name)
    return {**_compared(properties), **names, "endpoint": endpoint, "life": life}


def bound_of(id_: str, outputs: Mapping[str, Any], **marks: bool) -> Bound:
    """Return what the state holds of a binding; `marks` are the engine's own, of the resource. Raises Refusal."""
    if outputs.get("version") == VERSION:
        with contextlib.suppress(KeyError, ValueError):
            bound = Bound(
                id=id_,
                **{key: outputs[key] for key in (*_IDENTITY, "endpoint", "life")},
                deleted=bool(outputs.get("deleted", False)),
                hold=outputs.get("hold"),
                **marks,
            )
            if bound.identity.id == id_:
                return bound
    raise Refusal(
        "state",
        f"the state of binding {id_} is not as this program writes it, or of a later version",
        "use the version of this project that wrote it; if the state was edited by hand, undo that",
    )


def _is_gone(bound: Bound) -> bool:
    """Whether the account, which knows the user, no longer lists the binding.

    Raises Refusal, with the reason, where that cannot be told.
    """
    connection = plugin.operation().connection
    here = connection.configuration.endpoint
    if bound.endpoint != here:
        raise Refusal("account", f"it was adopted from {bound.endpoint}, not from {here}", "set that endpoint")
    account = connection.account()
    if account.listing(bound.user).find_alone(bound.identity) is not None:
        return False
    if bound.deleted:
        raise Refusal("unknown-user", "its MBS account is recorded as deleted", "nothing is to be done")
    if not account.knows(bound.user):
        raise Refusal("unknown-user", f"the account does not know user {bound.user}", "check the account")
    return True


def _identity(properties: Properties) -> Identity:
    return Identity(*(properties[key] for key in _IDENTITY))


def _compared(properties: Properties) -> Properties:
    return {key: properties[key] for key in _COMPARED if key in properties}
