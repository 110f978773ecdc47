"""The language host of a built engine: runs this project's Python programs for the Pulumi engine.

The engine starts one for each operation, reads the port from the first line of its stdout, and asks it over gRPC
(pulumirpc.LanguageRuntime) to run the program and the policy packs. Whatever else it writes the engine shows to the
user: so nothing but the programs' own output goes there.

The build copies this file beside the engine, where `pulumi-language-python` starts it on the project's Python. So it
imports nothing of this project.
"""

import contextlib
import importlib.util
import json
import os
import queue
import re
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Final, NamedTuple

_REMEDY: Final = "run `make setup`, which makes it"

# Until it serves, an interruption ends it without a traceback.
signal.signal(signal.SIGINT, signal.SIG_DFL)
try:
    import grpc  # type: ignore[import-untyped] # its stubs are not worth a requirement
    from google.protobuf import empty_pb2  # type: ignore[import-untyped] # the same

    # The SDK's own stubs of the protocol, without what `import pulumi` loads besides: that takes twice as long.
    for _name in ("pulumi", "pulumi.runtime", "pulumi.runtime.proto"):
        if (_spec := importlib.util.find_spec(_name)) is None:
            raise ModuleNotFoundError(f"No module named '{_name}'")
        sys.modules[_name] = ModuleType(_name)
        sys.modules[_name].__path__ = list(_spec.submodule_search_locations or ())
    from pulumi.runtime.proto import language_pb2 as messages
    from pulumi.runtime.proto import plugin_pb2
    from pulumi.runtime.proto.language_pb2_grpc import LanguageRuntimeServicer, add_LanguageRuntimeServicer_to_server
except ImportError as _error:
    sys.exit(f"error: {Path.cwd() / '.venv'} is no virtualenv with the Pulumi SDK ({_error}): {_REMEDY}")

# The most that the engine sends at once, in bytes: it raises gRPC's 4 MiB to the same.
_LARGEST_MESSAGE: Final = 400 << 20
# Each program and pack keeps a thread for as long as it runs.
_THREADS: Final = 64
# By this exit code a program says that it has told its error to the engine itself.
_ALREADY_REPORTED: Final = 32
# What an interrupted program gets to end by itself. The engine allows the host five seconds in all, but each refused
# update waits this long: the SDK goes on waiting for answers that an engine which has ended will not give.
_GRACE_SECONDS: Final = 1.0
# For what a program left running with its output open.
_LEFT_RUNNING_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.2

# Linux kills the program with the host, should the host itself be killed. It is the calling thread whose end counts:
# the one that starts a program stays with it. (Popen's preexec_fn is not safe among threads.)
_TIED_TO_HOST: Final = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); os.execv(sys.argv[1], sys.argv[1:])"  # PR_SET_PDEATHSIG
)
_STARTER: Final = [sys.executable, "-I", "-S", "-c", _TIED_TO_HOST] if sys.platform == "linux" else []


class Unusable(Exception):
    """Why a program cannot be run: the sentence that the user reads."""


class Python(NamedTuple):
    """The interpreter that a program runs on. An empty virtualenv means the one on PATH."""

    executable: str
    virtualenv: str = ""

    @classmethod
    def of(cls, info: messages.ProgramInfo) -> "Python":
        """Follow the runtime option `virtualenv` of Pulumi.yaml or PulumiPolicy.yaml, relative to that file's folder.

        Raises:
            Unusable: there is no such Python, or another option is set.

        """
        virtualenv = ""
        for name, value in info.options.items():
            if name == "virtualenv":
                virtualenv = str(value)
            elif (name, value) != ("toolchain", "pip"):
                raise Unusable(
                    f"the runtime option `{name}: {value}` is not known to this language host: use `virtualenv` alone"
                )
        if virtualenv:
            return cls._in(os.path.normpath(Path(info.root_directory, virtualenv)))
        for folder in os.get_exec_path():
            if os.access(found := f"{folder}/python3", os.X_OK):
                return cls(found)
        raise Unusable("there is no python3 on PATH, and no runtime option `virtualenv` that names another")

    @classmethod
    def _in(cls, folder: str) -> "Python":
        executable = f"{folder}/bin/python"
        if not Path(folder).exists():
            finding = f"the virtualenv {folder}, which the runtime options name, is missing"
        elif not os.access(executable, os.X_OK):
            finding = f"the virtualenv {folder}, which the runtime options name, has no bin/python that runs"
        elif not Path(folder, "pyvenv.cfg").exists():
            finding = f"{folder}, which the runtime options name, is not a virtualenv (no pyvenv.cfg)"
        else:
            return cls(executable, folder)
        raise Unusable(f"{finding}: {_REMEDY}")

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """Give that environment with this Python activated in it."""
        active = {name: value for name, value in given.items() if name != "PYTHONHOME"}
        if self.virtualenv:
            path = [str(Path(self.executable).parent), *filter(None, [given.get("PATH")])]
            active |= {"VIRTUAL_ENV": self.virtualenv, "PATH": os.pathsep.join(path)}
        # A proxy is for the outside. gRPC would have it carry what the SDK says to the engine, on this machine.
        unproxied = [given.get("no_grpc_proxy") or given.get("no_proxy"), "127.0.0.1,localhost"]
        return active | {"PYTHONUNBUFFERED": "1", "no_grpc_proxy": ",".join(filter(None, unproxied))}

    def ask(self, *arguments: str) -> str:
        """Give what this Python prints.

        Raises:
            Unusable: it fails.

        """
        command = [self.executable, *arguments]
        try:
            return subprocess.run(
                command,
                env=self.environment(os.environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        except (OSError, subprocess.CalledProcessError) as error:
            raise Unusable(f"{self.executable} does not answer ({error}): {_REMEDY}") from error


class Program:
    """A Python process, in a process group of its own: it is the host alone, and once, that interrupts it.

    The engine interrupts the host's group, and would reach the program too.
    """

    def __init__(self, command: list[str], folder: str, environment: Mapping[str, str]) -> None:
        """Start it. Raises OSError."""
        self._process = subprocess.Popen(
            [*_STARTER, *command],
            cwd=folder or None,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        )
        self._interrupting = threading.Lock()
        self.is_interrupted = False

    def output(self) -> Iterator[tuple[str, bytes]]:
        """Yield what it says, `stdout` or `stderr` and a text, until it has ended."""
        held = []
        for stream, text in self._read():
            # What an interrupted Python has to say is a traceback of the interruption, which no user needs.
            if stream == "stderr" and self.is_interrupted:
                held.append(text)
            else:
                yield stream, text
        if self._process.wait() >= 0:  # it ended in an order of its own
            yield from (("stderr", text) for text in held)

    def _read(self) -> Iterator[tuple[str, bytes]]:
        end = float("inf")
        with selectors.DefaultSelector() as pipes:
            pipes.register(self._process.stdout, selectors.EVENT_READ, "stdout")  # type: ignore[arg-type] # a PIPE
            pipes.register(self._process.stderr, selectors.EVENT_READ, "stderr")  # type: ignore[arg-type] # a PIPE
            while pipes.get_map() and time.monotonic() < end:
                for pipe, _ in pipes.select(_LOOK_SECONDS):
                    if text := os.read(pipe.fd, 1 << 16):
                        yield pipe.data, text
                    else:
                        pipes.unregister(pipe.fileobj)
                if self._process.poll() is not None:
                    end = min(end, time.monotonic() + _LEFT_RUNNING_SECONDS)

    @property
    def code(self) -> int:
        """The exit code; that of a signal is negative. Only once `output` is through."""
        return self._process.returncode

    def interrupt(self) -> None:
        """End it and all it started: SIGINT, and SIGKILL after the grace."""
        with self._interrupting:
            if self._process.poll() is not None:
                return
            self.is_interrupted = True
            self._signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_SECONDS)
            self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


class Programs:
    """The Python processes that this host answers for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[Program] = set()
        self.is_ending = False

    @contextlib.contextmanager
    def started(
        self, python: Python, arguments: list[str], folder: str, given: Mapping[str, str], request: grpc.ServicerContext
    ) -> Iterator[Program]:
        """Start a program that the engine's request is about, and interrupt it if the request is cancelled.

        Raises:
            Unusable: it cannot be started, or none is any more.

        """
        with self._lock:
            if self.is_ending:
                raise Unusable("the language host is ending")
            try:
                program = Program([python.executable, "-u", *arguments], folder, python.environment(given))
            except OSError as error:
                raise Unusable(f"{python.executable} cannot be started ({error}): {_REMEDY}") from error
            self._running.add(program)
        # Not in gRPC's own thread: an interruption takes its time.
        if not request.add_callback(lambda: threading.Thread(target=program.interrupt).start()):
            program.interrupt()
        try:
            yield program
        finally:
            with self._lock:
                self._running.discard(program)

    def end(self) -> None:
        """Interrupt every program, wait until all have ended, and take no new ones."""
        with self._lock:
            self.is_ending = True
            interruptions = [threading.Thread(target=program.interrupt) for program in self._running]
        for interruption in interruptions:
            interruption.start()
        for interruption in interruptions:
            interruption.join()


class Host(LanguageRuntimeServicer):
    """The LanguageRuntime that the engine talks to. What it does not implement, the engine learns to be so."""

    def __init__(self, engine: str, programs: Programs) -> None:
        self._engine = engine
        self._programs = programs

    def Handshake(self, _request: object, _context: object) -> messages.LanguageHandshakeResponse:
        """Agree on nothing."""
        return messages.LanguageHandshakeResponse()

    def GetPluginInfo(self, _request: object, _context: object) -> plugin_pb2.PluginInfo:
        """Answer with the SDK's version, which is the engine's."""
        # importlib.metadata takes as long as all of gRPC.
        found = re.search(r'_VERSION = "(.+)"', Path(*sys.modules["pulumi"].__path__, "_version.py").read_text())
        return plugin_pb2.PluginInfo(version=f"v{found[1]}" if found else "")

    def GetRequiredPackages(self, _request: object, _context: object) -> messages.GetRequiredPackagesResponse:
        """Answer none: the one plugin of a dynamic provider is found beside the engine."""
        return messages.GetRequiredPackagesResponse()

    def RuntimeOptionsPrompts(self, _request: object, _context: object) -> messages.RuntimeOptionsResponse:
        """Answer none: there is one option, and the project's Pulumi.yaml has it."""
        return messages.RuntimeOptionsResponse()

    def Run(self, request: messages.RunRequest, context: grpc.ServicerContext) -> messages.RunResponse:
        """Run the program to its end. An error is shown to the user; a bail means that it was already told."""
        if request.attach_debugger:
            return messages.RunResponse(
                error="this language host cannot attach a debugger: run without --attach-debugger"
            )
        configuration = {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        try:
            python = Python.of(request.info)
            given = os.environ | configuration
            with self._programs.started(python, self._command(request), request.pwd, given, context) as program:
                for stream, text in program.output():
                    _show(1 if stream == "stdout" else 2, text)
        except Unusable as error:
            return messages.RunResponse(bail=self._programs.is_ending, error=str(error))
        return _outcome(program)

    def _command(self, request: messages.RunRequest) -> list[str]:
        """Give the command line of the script that prepares the SDK and runs the program.

        No configuration: every user of the machine can read a command line.
        """
        options = {
            "--monitor": request.monitor_address,
            "--engine": self._engine,
            "--project": request.project,
            "--stack": request.stack,
            "--organization": request.organization,
            "--root_directory": request.info.root_directory,
            "--pwd": request.pwd,
            "--dry_run": "true" if request.dryRun else "false",
            "--parallel": str(request.parallel),
        }
        script = str(Path(__file__).with_name("pulumi-language-python-exec"))
        words = [word for option in options.items() for word in option]
        return [script, *words, "--", request.info.entry_point or ".", *request.args]

    def RunPlugin(
        self, request: messages.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[messages.RunPluginResponse]:
        """Run a plugin that is written in Python, a policy pack above all, until the engine closes the stream."""
        folder = os.path.normpath(Path(request.info.program_directory, request.info.entry_point))
        given = dict(variable.split("=", 1) for variable in request.env if "=" in variable)
        with _told(context):
            python = Python.of(request.info)
            with self._programs.started(python, [folder, *request.args], request.pwd, given, context) as program:
                for stream, text in program.output():
                    if stream == "stdout":
                        yield messages.RunPluginResponse(stdout=text)
                    else:
                        yield messages.RunPluginResponse(stderr=text)
        yield messages.RunPluginResponse(exitcode=program.code if program.code >= 0 else 128 - program.code)

    def InstallDependencies(
        self, request: messages.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[messages.InstallDependenciesResponse]:
        """Install nothing. Say whether what `make setup` installs is there."""
        with _told(context):
            python = Python.of(request.info)
            try:
                python.ask("-c", "import pulumi")
            except Unusable as error:
                raise Unusable(f"{python.executable} has no Pulumi SDK: {_REMEDY}") from error
        yield messages.InstallDependenciesResponse(
            stdout=b"The dependencies are those that `make setup` installed; nothing to do.\n"
        )

    def About(self, request: messages.AboutRequest, context: grpc.ServicerContext) -> messages.AboutResponse:
        """Name the Python that programs run on."""
        with _told(context):
            python = Python.of(request.info)
            version = python.ask("-V").strip().removeprefix("Python ")
        return messages.AboutResponse(executable=python.executable, version=version)

    def GetProgramDependencies(
        self, request: messages.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> messages.GetProgramDependenciesResponse:
        """List what is installed for the program."""
        script = (
            "import importlib.metadata as m, json\n"
            "print(json.dumps(sorted({d.name: d.version for d in m.distributions()}.items())))"
        )
        with _told(context):
            found = json.loads(Python.of(request.info).ask("-I", "-c", script))
        return messages.GetProgramDependenciesResponse(
            dependencies=[messages.DependencyInfo(name=name, version=version) for name, version in found]
        )

    def Cancel(self, _request: object, _context: object) -> empty_pb2.Empty:
        """End what is running. The engine calls it on Ctrl-C and before it ends the host."""
        threading.Thread(target=self._programs.end).start()
        return empty_pb2.Empty()


@contextlib.contextmanager
def _told(context: grpc.ServicerContext) -> Iterator[None]:
    """Answer the engine with the sentence of what is unusable."""
    try:
        yield
    except Unusable as error:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))


def _show(descriptor: int, text: bytes) -> None:
    """Pass on what a program says. A reader that is gone blocks no program."""
    with contextlib.suppress(OSError):
        while text:
            text = text[os.write(descriptor, text) :]


def _outcome(program: Program) -> messages.RunResponse:
    if program.is_interrupted or program.code == _ALREADY_REPORTED:
        return messages.RunResponse(bail=True)
    if program.code < 0:
        name = (signal.strsignal(-program.code) or str(-program.code)).lower()
        return messages.RunResponse(error=f"Program was ended by a signal from outside: {name}")
    if program.code > 0:
        return messages.RunResponse(error=f"Program exited with non-zero exit code: {program.code}")
    return messages.RunResponse()


def main() -> None:
    """Answer the engine until it signals the end or is gone, and leave no program behind."""
    # A killed engine sends no signal, but a process without a parent gets another one.
    engine = os.getppid()
    ending: queue.SimpleQueue[None] = queue.SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: ending.put(None))
    # The engine puts its logging flags before its address; none of them concern a host that logs nothing.
    address = sys.argv[-1] if len(sys.argv) > 1 else ""
    programs = Programs()
    options = [("grpc.max_receive_message_length", _LARGEST_MESSAGE), ("grpc.so_reuseport", 0)]
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=options)
    add_LanguageRuntimeServicer_to_server(Host(address, programs), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    os.write(1, f"{port}\n".encode())
    while os.getppid() == engine:
        with contextlib.suppress(queue.Empty):
            ending.get(timeout=_LOOK_SECONDS)
            break
    programs.end()
    server.stop(_GRACE_SECONDS).wait()
    os._exit(0)  # whatever a thread still waits for
