"""A binding as a dynamic resource: looked up when it is created, purged when it is deleted."""

import os
from typing import Any

import pulumi
import requests
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

_session = requests.Session()
_session.trust_env = False


class BindingProvider(ResourceProvider):
    """Makes one call for each binding. The token is in the environment."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Look the binding up in its user's listing."""
        wanted = {"DestinationId": props["destination"], "ComputerName": props["computer"]}
        if wanted not in _call("GET", props).json():
            raise LookupError(f"{wanted} is not listed")
        return CreateResult(f"{props['user']}/{props['destination']}/{props['computer']}", props)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Purge the binding."""
        _call("DELETE", _props, [{"DestinationId": _props["destination"], "ComputerName": _props["computer"]}])


class Binding(Resource, module="stock", name="Binding"):
    """The resource of one binding."""

    def __init__(self, name: str, props: dict[str, str], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(BindingProvider(), name, dict(props), opts)


def _call(method: str, props: dict[str, Any], body: object = None) -> requests.Response:
    answer = _session.request(
        method,
        f"{os.environ['MBS_ENDPOINT']}/api/Users/{props['user']}/Computers",
        json=body,
        headers={"Authorization": f"Bearer {os.environ['MBS_TOKEN']}"},
        timeout=30,
    )
    answer.raise_for_status()
    return answer
