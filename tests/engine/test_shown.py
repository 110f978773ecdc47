"""What the preview of an update showed is what the update does, on the real engine."""

from tests.engine.rehearsal import Rehearsal, binding, names
from tests.engine.test_nothing_is_purged import replace_program

CHANGES = """
import pathlib
import pulumi
if not pulumi.runtime.is_dry_run():
    inventory = pathlib.Path("inventory/acme.yaml")
    inventory.write_text(inventory.with_name("changed").read_text())
"""


def test_what_the_preview_of_the_same_update_did_not_show_is_not_purged(adopted: Rehearsal) -> None:
    adopted.workspace.config_set("rules", '{"max-percent": "off"}')
    adopted.want("CHARLIE-LAPTOP")
    adopted.file.rename(adopted.file.with_name("changed"))
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    replace_program(adopted, "import pulumi\n", CHANGES)
    result = adopted.workspace.run("up", "--yes")
    assert result.code != 0
    assert (
        "not-shown: what this update would purge is not what its preview showed; run `pulumi up --strict`"
        in result.output
    )
    assert "destroys for good: Büro PC of " in result.output
    assert adopted.purges() == []
    # By now the inventory is the changed one, in the preview too.
    result = adopted.workspace.run("up", "--strict", "--yes").require()
    assert "destroys for good: Büro PC of " in result.output
    assert names(adopted.purges()) == ["Büro PC", "Front Desk"]
    assert adopted.bindings() == [binding("CHARLIE-LAPTOP")]
