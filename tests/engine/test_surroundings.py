"""What surrounds the engine: it is no matter, or it is one sentence."""

from tests.engine.rehearsal import Rehearsal

INLINE = """
import runpy
from pulumi import automation
stack = automation.select_stack("acme", "mbs-erasure", lambda: runpy.run_path("__main__.py", run_name="__main__"), ".")
stack.up(on_output=print)
"""


def test_a_proxy_of_the_environment_does_not_carry_what_the_program_says_to_the_engine(adopted: Rehearsal) -> None:
    nobody = dict.fromkeys(
        ["grpc_proxy", "https_proxy", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"], "http://127.0.0.1:1"
    )
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    assert "1 to delete" in adopted.preview(env={**nobody, "no_proxy": "", "NO_PROXY": ""}).require().stdout


def test_a_safe_path_of_python_is_one_sentence(adopted: Rehearsal) -> None:
    result = adopted.preview(env={"PYTHONSAFEPATH": "1"})
    assert result.code != 0
    assert "setup: PYTHONSAFEPATH is set" in result.output
    assert "Traceback" not in result.output


def test_an_inline_program_of_the_automation_api_is_one_sentence(adopted: Rehearsal) -> None:
    adopted.want("CHARLIE-LAPTOP", "Front Desk")
    result = adopted.workspace.python("-c", INLINE)
    assert result.code != 0
    assert "setup: this is an inline program of the Automation API" in result.stdout
    assert "Traceback" not in result.stdout
    assert adopted.purges() == []
