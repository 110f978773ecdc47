"""The schema for editors is the model's."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.erasure.test_inventory import GOOD
from tests.schemas import schemas

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("file", schemas())
def test_a_committed_schema_is_current(file: str) -> None:
    assert (ROOT / file).read_text(encoding="utf-8") == schemas()[file], "run `make schema`"


def test_the_schema_takes_a_good_inventory_and_refuses_an_unknown_key() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schemas()["inventory/schema.json"]))
    document = yaml.load(GOOD, yaml.BaseLoader)  # noqa: S506 -- text alone, as an editor sees it
    for user in document["users"]:
        user.pop("deleted", None)
    document["version"] = 1
    validator.validate(document)
    document["foo"] = 1
    assert not validator.is_valid(document)
