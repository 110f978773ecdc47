"""The token and the password: nowhere that anybody could read them afterwards."""

import base64
import json
import subprocess

import psutil
import pytest

from providers.binding import BindingProvider
from providers.purge_plan import PurgePlanProvider
from sandbox.workspace import Result
from tests.engine.rehearsal import Rehearsal, new_token

PASSWORD = "sandbox-password"
OF_THE_ENVIRONMENT = {"MBS_LOGIN": "", "MBS_PASSWORD": "", "MBS_TOKEN": ""}


def run_and_collect_arguments(rehearsal: Rehearsal, *arguments: str, env: dict[str, str]) -> tuple[Result, set[str]]:
    """Run a command, and return it with the command lines of every process that was seen below it."""
    seen: set[str] = set()
    with rehearsal.workspace.start(*arguments, env=env) as process:
        while True:
            for one in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]:
                try:
                    seen.add(" ".join(one.cmdline()))
                except psutil.Error:
                    continue
            try:
                stdout, stderr = process.communicate(timeout=0.02)
            except subprocess.TimeoutExpired:
                continue
            return Result(arguments, process.returncode, stdout, stderr), seen


def assert_not_in_state(rehearsal: Rehearsal, secret: str) -> None:
    state = rehearsal.workspace.state()
    assert secret not in json.dumps(state)
    inputs = [one.get("inputs", {}) for one in state["deployment"]["resources"]]
    providers = {one["__provider"] for one in inputs if "__provider" in one}
    pickles = [base64.b64decode(one) for one in providers]
    assert len(pickles) == 2
    for pickle in pickles:
        assert secret.encode() not in pickle
        assert len(pickle) < 100, "a class by reference, and nothing of an object"


@pytest.mark.parametrize("kind", ["password", "token"])
def test_a_secret_of_the_configuration_is_nowhere(empty: Rehearsal, kind: str) -> None:
    secret = PASSWORD if kind == "password" else new_token(empty.sandbox)
    if kind == "password":
        empty.workspace.config_set("login", empty.sandbox.login, secret=True)
    empty.workspace.config_set(kind, secret, secret=True)
    result, arguments = run_and_collect_arguments(empty, "up", "--yes", "--debug", "--diff", env=OF_THE_ENVIRONMENT)
    assert "3 created" in result.require().output or "+ 5 created" in result.output
    assert any("pulumi.dynamic" in one for one in arguments), "the plugin was among the processes seen"
    assert secret not in result.output
    assert secret not in "\n".join(arguments)
    assert_not_in_state(empty, secret)


@pytest.mark.parametrize("kind", ["password", "token"])
def test_a_secret_of_the_environment_is_nowhere_not_even_in_the_engines_own_log(empty: Rehearsal, kind: str) -> None:
    secret = PASSWORD if kind == "password" else new_token(empty.sandbox)
    environment = {"MBS_LOGIN": empty.sandbox.login, "MBS_PASSWORD": PASSWORD}
    if kind == "token":
        environment = {**OF_THE_ENVIRONMENT, "MBS_TOKEN": secret}
    result, arguments = run_and_collect_arguments(
        empty, "up", "--yes", "--skip-preview", "-v=9", "--logtostderr", env=environment
    )
    assert result.code == 0
    assert "mbs-erasure:endpoint" in result.stderr, "the engine logged its providers' configuration"
    assert secret not in result.output
    assert secret not in "\n".join(arguments)
    assert_not_in_state(empty, secret)


def test_a_provider_has_nothing_that_could_be_pickled() -> None:
    assert vars(BindingProvider()) == {}
    assert vars(PurgePlanProvider()) == {}
