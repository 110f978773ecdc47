"""What else the engine asks our language host: policy packs, and questions about the project."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import grpc  # type: ignore[import-untyped] # its stubs are not worth a requirement for this one channel
import pytest
from google.protobuf import empty_pb2  # type: ignore[import-untyped] # the same
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from engine.recipe import engine_version
from sandbox.workspace import PROJECT, Workspace
from tests.engine_setup import processes
from tests.engine_setup.conftest import Tiny

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("own_host")]

# A policy pack on the SDK's stubs alone: it refuses one value of one export.
PACK = """
import sys
from concurrent import futures
import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2 as messages, analyzer_pb2_grpc, plugin_pb2

class Pack(analyzer_pb2_grpc.AnalyzerServicer):
    def Handshake(self, request, context):
        return messages.AnalyzerHandshakeResponse()

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="1.0.0")

    def GetAnalyzerInfo(self, request, context):
        return messages.AnalyzerInfo(name="rules", version="1.0.0", policies=[])

    def ConfigureStack(self, request, context):
        return messages.AnalyzerStackConfigureResponse()

    def Configure(self, request, context):
        return empty_pb2.Empty()

    def Cancel(self, request, context):
        return empty_pb2.Empty()

    def Remediate(self, request, context):
        return messages.RemediateResponse()

    def Analyze(self, request, context):
        return messages.AnalyzeResponse()

    def AnalyzeStack(self, request, context):
        names = [one.name for one in request.resources]
        return messages.AnalyzeResponse(diagnostics=[messages.AnalyzeDiagnostic(
            policyName="quiet", policyPackName="rules", policyPackVersion="1.0.0", message=f"saw {names}",
            enforcementLevel=1)])

server = grpc.server(futures.ThreadPoolExecutor(2))
analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Pack(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
print("the pack is ready", file=sys.stderr, flush=True)
server.wait_for_termination()
"""


def lay_out_pack(folder: Path, program: str) -> Path:
    folder.mkdir()
    (folder / "PulumiPolicy.yaml").write_text(
        "runtime:\n  name: python\n  options:\n    virtualenv: ../workspace/.venv\n"
    )
    (folder / "__main__.py").write_text(program)
    return folder


def test_a_policy_pack_runs_and_judges(tiny: Tiny, tmp_path: Path) -> None:
    workspace = tiny("import pulumi")
    pack = lay_out_pack(tmp_path / "pack", PACK)
    process = workspace.start("preview", "--policy-pack", str(pack))
    output = "".join(process.communicate())
    assert "saw ['tiny-dev']" in output
    assert "the pack is ready" in output
    assert process.returncode != 0


def test_a_policy_pack_that_fails_is_told(tiny: Tiny, tmp_path: Path) -> None:
    workspace = tiny("import pulumi")
    pack = lay_out_pack(tmp_path / "pack", "raise SystemExit('these rules do not parse')")
    result = workspace.run("preview", "--policy-pack", str(pack))
    assert result.code != 0
    assert "these rules do not parse" in result.output


class Host:
    """Our language host, talked to without an engine."""

    def __init__(self, executable: Path, folder: Path = PROJECT, **env: str) -> None:
        self.process = subprocess.Popen(
            [executable], cwd=folder, env=os.environ | env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        self.channel = grpc.insecure_channel(f"127.0.0.1:{int(self.process.stdout.readline())}")
        self.ask = language_pb2_grpc.LanguageRuntimeStub(self.channel)

    def end(self) -> tuple[str, str]:
        """End it as the engine does; give what it said."""
        self.channel.close()
        self.process.terminate()
        return self.process.communicate()


@pytest.fixture
def host(own_host: Path) -> Iterator[Host]:
    started = Host(own_host)
    yield started
    assert started.end() == ("", "")
    assert started.process.returncode == 0


@pytest.fixture
def info(tmp_path: Path) -> language_pb2.ProgramInfo:
    folder = str(tmp_path)
    described = language_pb2.ProgramInfo(root_directory=folder, program_directory=folder, entry_point=".")
    described.options.update({"virtualenv": str(PROJECT / ".venv")})
    return described


def test_a_plugin_gets_its_arguments_environment_and_folder(
    host: Host, info: language_pb2.ProgramInfo, tmp_path: Path
) -> None:
    (tmp_path / "__main__.py").write_text(
        "import os, sys\n"
        "print(sys.argv[1:], os.getcwd(), os.environ['COLOUR'], os.environ['VIRTUAL_ENV'])\n"
        "print('PYTHONHOME' in os.environ)\n"
        "print('and this', file=sys.stderr)\n"
        "raise SystemExit(5)\n"
    )
    env = [f"PATH={os.environ['PATH']}", "COLOUR=a=b", "PYTHONHOME=/nowhere"]
    request = language_pb2.RunPluginRequest(pwd="/", args=["127.0.0.1:1", "x y"], env=env, info=info)
    answers = list(host.ask.RunPlugin(request))
    stdout = b"".join(answer.stdout for answer in answers).decode()
    assert stdout == f"['127.0.0.1:1', 'x y'] / a=b {PROJECT}/.venv\nFalse\n"
    assert b"".join(answer.stderr for answer in answers) == b"and this\n"
    assert answers[-1].exitcode == 5


def test_a_plugin_ends_with_its_stream(host: Host, info: language_pb2.ProgramInfo, tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("import time\nprint('ready')\ntime.sleep(600)\n")
    stream = host.ask.RunPlugin(language_pb2.RunPluginRequest(pwd="/", info=info, env=[f"PATH={os.environ['PATH']}"]))
    assert next(iter(stream)).stdout.startswith(b"ready")
    _, plugin = processes.family(host.process.pid)
    stream.cancel()
    assert processes.survivors([plugin]) == []


def test_a_plugin_ends_with_the_host(own_host: Path, info: language_pb2.ProgramInfo, tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("import time\nprint('ready')\ntime.sleep(600)\n")
    host = Host(own_host)
    stream = host.ask.RunPlugin(language_pb2.RunPluginRequest(pwd="/", info=info, env=[f"PATH={os.environ['PATH']}"]))
    assert next(iter(stream)).stdout.startswith(b"ready")
    everybody = processes.family(host.process.pid)
    assert host.end() == ("", "")
    assert processes.survivors(everybody) == []


@pytest.mark.parametrize("there", ["the nearest virtualenv", "the python on PATH"])
def test_the_host_itself_runs_on_the_projects_python_else_on_that_of_path(
    own_host: Path, tmp_path: Path, there: str
) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    search = "/usr/bin:/bin"
    if there == "the nearest virtualenv":
        (tmp_path / ".venv").symlink_to(PROJECT / ".venv")
    else:
        search = f"{PROJECT}/.venv/bin:{search}"
    host = Host(own_host, folder, PATH=search, PYTHONHOME="/nowhere")
    assert host.ask.GetPluginInfo(empty_pb2.Empty()).version == f"v{engine_version()}"
    assert host.end() == ("", "")


def test_pulumi_install_says_what_installs(tiny: Tiny) -> None:
    assert "`make setup`" in tiny("import pulumi").run("install").require().output


def test_pulumi_about_names_the_python_and_what_is_installed(tiny: Tiny) -> None:
    about = tiny("import pulumi").run("about", "--json").require().stdout
    assert "/.venv/bin/python" in about
    assert '"pulumi"' in about


def test_pulumi_install_without_a_virtualenv_names_the_remedy(tiny: Tiny) -> None:
    workspace: Workspace = tiny("import pulumi")
    (workspace.directory / ".venv").unlink()
    result = workspace.run("install")
    assert result.code != 0
    assert "run `make setup`" in result.output
