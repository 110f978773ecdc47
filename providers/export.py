"""The state of the stack that this program runs for, as the running engine exports it and as that engine tells it.

It imports nothing of the project but the look at the engine, so that the export can begin before what takes its time.
"""

import contextlib
import os
import shutil
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, NamedTuple

import psutil
import pulumi
from google.protobuf.struct_pb2 import Struct  # type: ignore[import-untyped] # its stubs are not worth a requirement
from pulumi.runtime.proto.resource_pb2 import ResourceInvokeRequest
from pulumi.runtime.settings import get_monitor

from providers.engine import engine

Lives = frozenset[tuple[str, str]]
"""The bindings of a state, each as its URN and its life."""

BINDING: Final = "pulumi-python:dynamic/mbs:Binding"
_PATIENCE: Final = 300  # seconds; exporting 10,000 bindings takes about one
_SECRETS: Final = ("PULUMI_CONFIG", "PULUMI_CONFIG_SECRET_KEYS")
_OPTIONS: Final = "PULUMI_OPTION_"  # each gives every `pulumi` a flag: another folder, file or version to export
_ASK: Final = "pulumi:pulumi:readStackResourceOutputs"


class Export(NamedTuple):
    """The state on its way.

    `state` is what `pulumi stack export` ended with; its result raises OSError or subprocess.TimeoutExpired where it
    did not. `engine` is what the running engine's own backend has; its result raises grpc.RpcError.
    """

    state: Future[subprocess.CompletedProcess[bytes]]
    engine: Future[Lives]


def begin_export() -> Export:
    """Have the state exported while this process goes on."""
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"  # which no other thread knows
    pool, root = ThreadPoolExecutor(2, "state export"), pulumi.get_root_directory()
    return Export(pool.submit(_export, name, root), pool.submit(_ask, get_monitor(), name))


def _export(name: str, root: str) -> subprocess.CompletedProcess[bytes]:
    pulumi_, folder = _where(root)
    environment = {
        key: value for key, value in os.environ.items() if key not in _SECRETS and not key.startswith(_OPTIONS)
    }
    return subprocess.run(
        [pulumi_, "stack", "export", "--stack", name],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_PATIENCE,
        check=False,
    )


def _where(root: str) -> tuple[str, str]:
    """Return the `pulumi` above this process and the folder that it works in, from which its backend may be told.

    Where that cannot be had: the one on PATH, and the project's folder. Raises FileNotFoundError.
    """
    above = engine()
    with contextlib.suppress(psutil.Error):
        if above is not None:
            return above.exe(), above.cwd()
    found = shutil.which("pulumi")
    if found is None:
        raise FileNotFoundError("no `pulumi` was found above this process nor on PATH")
    return found, root


def _ask(monitor: Any, name: str) -> Lives:  # noqa: ANN401 -- a stub of the SDK, which is not typed
    """Ask the running engine what is in the stack: by itself, as the SDK's own way takes six times as long."""
    arguments = Struct()
    arguments.update({"stackName": name})
    answer = monitor.Invoke(ResourceInvokeRequest(tok=_ASK, args=arguments), timeout=_PATIENCE)
    fields = getattr(answer, "return").fields["outputs"].struct_value.fields
    found = ((urn, one.struct_value.fields) for urn, one in fields.items())
    return frozenset(
        (urn, one["outputs"].struct_value.fields["life"].string_value)
        for urn, one in found
        if one["type"].string_value == BINDING
    )
