"""Our language host on the real engine: what a user sees of a program, and what is left of it."""

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from sandbox.workspace import PROJECT
from tests.engine_setup import fifo, processes
from tests.engine_setup.conftest import SETTINGS, WAITING_PROGRAM, Tiny

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("own_host")]


def test_a_programs_output_and_exports_are_shown(tiny: Tiny) -> None:
    workspace = tiny("""
import sys, pulumi
print("said on stdout, without a line's end", end="")
print("said on stderr", file=sys.stderr)
pulumi.export("greeting", "good day")
""")
    shown = workspace.run("up", "--yes").require().output
    assert "said on stdout, without a line's end" in shown
    assert "said on stderr" in shown
    assert workspace.run("stack", "output", "greeting").stdout == "good day\n"


def test_a_program_runs_on_the_projects_python_in_the_projects_folder(tiny: Tiny) -> None:
    workspace = tiny(
        """
import os, shutil, sys
import pulumi
pulumi.export("seen", [sys.prefix, os.getcwd(), os.environ["VIRTUAL_ENV"], shutil.which("python"),
                       os.environ.get("PYTHONHOME"), pulumi.get_project(), pulumi.get_stack()])
""",
        VIRTUAL_ENV="/somebody/elses",
    )
    workspace.run("up", "--yes", "--skip-preview").require()
    virtualenv = str(workspace.directory / ".venv")
    outputs = workspace.state()["deployment"]["resources"][0]["outputs"]
    python = f"{virtualenv}/bin/python"
    assert outputs["seen"] == [virtualenv, str(workspace.directory), virtualenv, python, None, "tiny", "dev"]


def test_a_program_that_raises_shows_its_own_traceback_alone(tiny: Tiny) -> None:
    workspace = tiny("""
def judge():
    raise ValueError("this inventory is not ours")
judge()
""")
    result = workspace.run("preview")
    assert result.code != 0
    assert "ValueError: this inventory is not ours" in result.output
    assert f'File "{workspace.directory}/__main__.py"' in result.output
    assert "pulumi-language-python" not in result.output
    assert "exited with" not in result.output


def test_an_exit_code_is_named(tiny: Tiny) -> None:
    result = tiny("raise SystemExit(7)").run("preview")
    assert result.code != 0
    assert "Program exited with non-zero exit code: 7" in result.output


def test_exit_code_32_adds_no_second_message(tiny: Tiny) -> None:
    result = tiny("""
import pulumi
pulumi.log.error("told once")
raise SystemExit(32)
""").run("preview")
    assert result.code != 0
    assert "told once" in result.output
    assert "exit code" not in result.output
    assert "unhandled" not in result.output


def test_a_program_killed_from_outside_is_told(tiny: Tiny) -> None:
    result = tiny("import os; os.kill(os.getpid(), 9)").run("preview")
    assert result.code != 0
    assert "Program was ended by a signal from outside: killed" in result.output


@pytest.mark.parametrize("there", ["nothing", "an empty folder", "a link to nowhere", "no virtualenv"])
def test_a_missing_or_broken_virtualenv_is_one_sentence(tiny: Tiny, there: str) -> None:
    workspace = tiny("import pulumi")
    virtualenv = workspace.directory / ".venv"
    virtualenv.unlink()
    if there == "an empty folder":
        virtualenv.mkdir()
    if there == "a link to nowhere":
        virtualenv.symlink_to("nowhere")
    if there == "no virtualenv":
        (virtualenv / "bin").mkdir(parents=True)
        (virtualenv / "bin" / "python").symlink_to(sys.executable)
    result = workspace.run("preview")
    assert result.code != 0
    said = {line.partition("error: ")[2] for line in result.output.splitlines() if str(virtualenv) in line}
    assert len(said) == 1
    assert said.pop().endswith("run `make setup`, which makes it")
    assert "panic" not in result.output
    assert "goroutine" not in result.output


def test_an_unknown_runtime_option_is_refused(tiny: Tiny) -> None:
    result = tiny("import pulumi", settings=f"{SETTINGS}    toolchain: poetry\n").run("preview")
    assert result.code != 0
    assert "`toolchain: poetry` is not known to this language host" in result.output


def test_without_the_option_the_python_on_path_runs_it(tiny: Tiny) -> None:
    search = f"{PROJECT}/.venv/bin:/usr/bin:/bin"
    workspace = tiny('import sys; print(f"ran {sys.prefix}")', settings="name: tiny\nruntime: python\n")
    assert f"ran {PROJECT}/.venv" in workspace.run("preview", env={"PATH": search}).require().output


def test_secrets_reach_the_program_as_secrets_and_nobody_else(tiny: Tiny, started: Path) -> None:
    workspace = tiny(
        """
import os
import pulumi
assert pulumi.runtime.is_config_secret("tiny:token"), "not known to be secret"
assert not pulumi.runtime.is_config_secret("tiny:endpoint")
token = pulumi.Config().require_secret("token")
pulumi.export("token", token)
pulumi.export("endpoint", pulumi.Config().require("endpoint"))
pulumi.export("length", token.apply(len))
"""
        + WAITING_PROGRAM.replace("600", "float(os.environ['SECONDS'])"),
        STARTED=str(started),
    )
    workspace.config_set("token", "s3cr3t-value", secret=True)
    workspace.config_set("endpoint", "https://example.test")
    process = workspace.start("preview", "--debug", env={"SECONDS": "600"})
    fifo.hear(started)
    everybody = processes.family(process.pid)
    assert len(everybody) >= 3
    assert "s3cr3t-value" not in processes.command_lines(everybody)
    process.send_signal(signal.SIGINT)
    assert "s3cr3t-value" not in "".join(process.communicate())

    process = workspace.start("up", "--yes", "--skip-preview", "--debug", env={"SECONDS": "0"})
    fifo.hear(started)
    stdout, stderr = process.communicate()
    assert process.returncode == 0, stdout + stderr
    assert "s3cr3t-value" not in stdout + stderr
    assert 'endpoint: "https://example.test"' in " ".join(stdout.split())
    assert "s3cr3t-value" not in str(workspace.state())


def test_ctrl_c_ends_program_and_host_without_noise(tiny: Tiny, started: Path) -> None:
    workspace = tiny(WAITING_PROGRAM, STARTED=str(started))
    process = workspace.start("up", "--yes", "--skip-preview")
    fifo.hear(started)
    everybody = processes.family(process.pid)
    process.send_signal(signal.SIGINT)
    output = "".join(process.communicate())
    assert processes.survivors(everybody) == []
    assert "canceled" in output
    assert "Traceback" not in output
    assert "KeyboardInterrupt" not in output
    assert "exit code" not in output
    assert "signal" not in output


def test_an_interrupted_program_may_end_in_its_own_way(tiny: Tiny, started: Path) -> None:
    workspace = tiny(
        "import signal\n"
        "def end(*_):\n"
        "    print('put away', flush=True)\n"
        "    import os; os._exit(3)\n"
        "signal.signal(signal.SIGINT, end)\n" + WAITING_PROGRAM,
        STARTED=str(started),
    )
    process = workspace.start("preview")
    fifo.hear(started)
    process.send_signal(signal.SIGINT)
    output = "".join(process.communicate())
    assert output.count("exit code") == 0
    assert "put away" in output


def test_what_a_program_started_ends_with_it(tiny: Tiny, started: Path) -> None:
    workspace = tiny(
        "import subprocess, sys\n"
        "told = 'import time; print(flush=True); time.sleep(600)'\n"
        "child = subprocess.Popen([sys.executable, '-c', told], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()  # a process has no command line until it runs\n" + WAITING_PROGRAM,
        STARTED=str(started),
    )
    process = workspace.start("preview")
    fifo.hear(started)
    everybody = processes.family(process.pid)
    assert "time.sleep(600)" in processes.command_lines(everybody)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert processes.survivors(everybody) == []


def test_what_a_program_left_running_holds_nobody_up(tiny: Tiny) -> None:
    workspace = tiny("""
import subprocess
print(f"left {subprocess.Popen(['sleep', '600']).pid} running")
""")
    shown = workspace.run("preview", timeout=60).require().output
    left = re.search(r"left (\d+) running", shown)
    assert left
    os.kill(int(left[1]), signal.SIGKILL)


@pytest.mark.parametrize("ignores", ["", "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"])
def test_a_killed_engine_leaves_no_program_behind(tiny: Tiny, started: Path, ignores: str) -> None:
    workspace = tiny(ignores + WAITING_PROGRAM, STARTED=str(started))
    process = workspace.start("up", "--yes", "--skip-preview")
    fifo.hear(started)
    everybody = processes.family(process.pid)
    process.kill()
    process.communicate()
    assert processes.survivors(everybody) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
def test_a_killed_host_leaves_no_program_behind(tiny: Tiny, started: Path) -> None:
    workspace = tiny(WAITING_PROGRAM, STARTED=str(started))
    process = workspace.start("preview")
    fifo.hear(started)
    everybody = processes.family(process.pid)
    everybody[1].kill()
    process.communicate()
    assert process.returncode != 0
    assert processes.survivors(everybody) == []


DYNAMIC = """
import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, Resource, ResourceProvider

class Guard(ResourceProvider):
    def check(self, olds, news):
        refused = [CheckFailure("", "max-purges: 11 purges; approve them")] if news["purges"] > 10 else []
        return CheckResult(news, refused)

    def create(self, props):
        return CreateResult("one", props)

class Plan(Resource, module="mbs", name="PurgePlan"):
    def __init__(self, purges):
        super().__init__(Guard(), "plan", {"purges": purges})

plan = Plan(%d)
pulumi.export("id", plan.id)
"""


def test_a_dynamic_resource_works_end_to_end(tiny: Tiny) -> None:
    workspace = tiny(DYNAMIC % 1)
    workspace.run("up", "--yes").require()
    plan = workspace.state()["deployment"]["resources"][-1]
    assert (plan["type"], plan["id"]) == ("pulumi-python:dynamic/mbs:PurgePlan", "one")
    workspace.run("destroy", "--yes").require()
    assert "resources" not in workspace.state()["deployment"]


def test_a_refusal_of_the_engine_is_not_buried_under_the_programs_interruption(tiny: Tiny) -> None:
    result = tiny(DYNAMIC % 11).run("preview")
    assert result.code != 0
    assert "max-purges: 11 purges; approve them" in result.output
    assert "Traceback" not in result.output
    assert "exit code" not in result.output
