"""The rules as a policy pack, on the real engine."""

import json

from tests.engine.rehearsal import CHARLIE, Rehearsal, binding, names


def configure(rehearsal: Rehearsal, **policies: object) -> tuple[str, ...]:
    """Write an organisation's own levels, and return the arguments that use them."""
    file = rehearsal.workspace.directory / "organisation.json"
    file.write_text(json.dumps({name.replace("_", "-"): value for name, value in policies.items()}))
    return ("--policy-pack", "policies", "--policy-pack-config", str(file))


def test_the_pack_sees_the_purges_and_only_advises_by_default(adopted: Rehearsal) -> None:
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    result = adopted.preview("--policy-pack", "policies").require()
    assert "last-copy: it fired on this plan" in result.output
    assert f"1 planned: {binding('Büro PC')}" in result.output


def test_an_organisation_enforces_a_limit_whatever_the_stack_says(adopted: Rehearsal) -> None:
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    adopted.workspace.config_set("maxPurges", "100")
    own = configure(adopted, max_purges={"enforcementLevel": "mandatory", "maxPurges": 0})
    for result in (adopted.preview(*own), adopted.up(*own)):
        assert result.code != 0
        assert "max-purges: 1 purge, and at most 0 are permitted" in result.output
    assert adopted.purges() == []


def test_an_organisation_enforces_a_rule_that_the_stack_switched_off(adopted: Rehearsal) -> None:
    adopted.want("CHARLIE-LAPTOP")
    adopted.workspace.config_set("rules", '{"max-percent": "off"}')
    own = configure(adopted, max_percent="mandatory")
    result = adopted.up(*own)
    assert result.code != 0
    assert "max-percent: it fired on this plan" in result.output
    assert adopted.purges() == []


def test_what_an_organisation_enforces_is_judged_whatever_the_stack_switched_off(adopted: Rehearsal) -> None:
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    adopted.sandbox.backup(CHARLIE, "Büro PC")
    adopted.workspace.config_set("rules", '{"alive": "off", "max-percent": "off"}')
    result = adopted.up(*configure(adopted, alive="mandatory"))
    assert "alive: it fired on this plan" in result.output
    assert adopted.purges() == []
    adopted.up().require()
    adopted.want("CHARLIE-LAPTOP")
    own = configure(adopted, max_purges={"enforcementLevel": "mandatory", "maxPurges": 1})
    result = adopted.up(*own)
    assert "max-purges: 2 purges, and at most 1 are permitted in 24 hours" in result.output
    assert names(adopted.purges()) == ["Büro PC"]


def test_without_a_purge_the_pack_says_nothing(adopted: Rehearsal) -> None:
    result = adopted.preview("--policy-pack", "policies").require()
    assert "it fired" not in result.output
