"""The settings."""

from datetime import timedelta
from typing import Any

import pytest
import requests
from pydantic import ValidationError

from sandbox.running import RunningSandbox
from sandbox.settings import Settings
from tests.sandbox.conftest import Api


def test_settings_start_with_their_defaults(sandbox: RunningSandbox) -> None:
    assert sandbox.settings() == Settings()
    document = requests.get(f"{sandbox.url}/_sandbox/settings", timeout=30).json()
    assert (document["purge_delay"], document["latency"], document["unknown_user_listing"]) == ("24h", "0ms", "null")


def test_change_leaves_the_other_settings_alone(sandbox: RunningSandbox) -> None:
    sandbox.change_settings(latency="1ms")
    changed = sandbox.change_settings(purge_delay="90s", delisted="at_once")
    assert changed == Settings(latency=timedelta(milliseconds=1), purge_delay="90s", delisted="at_once")
    assert sandbox.settings() == changed


@pytest.mark.parametrize(
    "changes", [{"unknown_pair": "maybe"}, {"purge_delay": "soon"}, {"purge_delai": "1h"}, {"latency": 5}]
)
def test_change_that_cannot_be_meant_is_refused(sandbox: RunningSandbox, changes: dict[str, Any]) -> None:
    answer = requests.patch(f"{sandbox.url}/_sandbox/settings", json=changes, timeout=30)
    assert answer.status_code == 422
    with pytest.raises(ValidationError):
        sandbox.change_settings(**changes)
    assert sandbox.settings() == Settings()


def test_first_value_of_each_switch_is_its_default_and_each_is_described() -> None:
    for name, field in Settings.model_json_schema()["properties"].items():
        assert field["description"], name
        assert field["default"] == field.get("enum", [field["default"]])[0], name


def test_latency_comes_before_every_answer_but_the_control_sides(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.change_settings(latency="1h")
    with pytest.raises(requests.ReadTimeout):
        api.session.get(f"{api.url}/api/Users", timeout=0.05)
    assert [one.status for one in sandbox.requests()] == [None]
