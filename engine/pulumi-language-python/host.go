package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// alreadyTold is the exit code of a program that has told its error to the engine itself.
const alreadyTold = 32

// host is the LanguageRuntime that the engine talks to. What it does not implement, the engine learns to be so.
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	programs *programs
}

func newHost() *host {
	return &host{programs: &programs{running: map[*program]struct{}{}}}
}

// Handshake has nothing to agree on.
func (*host) Handshake(context.Context, *pulumirpc.LanguageHandshakeRequest) (*pulumirpc.LanguageHandshakeResponse, error) {
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

// GetPluginInfo answers with the version of the engine that this host was built with.
func (*host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version.Version}, nil
}

// GetRequiredPackages answers none: the one plugin of a dynamic provider is found beside the engine.
func (*host) GetRequiredPackages(
	context.Context, *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

// GetRequiredPlugins answers none, as GetRequiredPackages does.
func (*host) GetRequiredPlugins(
	context.Context, *pulumirpc.GetRequiredPluginsRequest,
) (*pulumirpc.GetRequiredPluginsResponse, error) {
	return &pulumirpc.GetRequiredPluginsResponse{}, nil
}

// RuntimeOptionsPrompts answers none: there is one option, and the project's Pulumi.yaml has it.
func (*host) RuntimeOptionsPrompts(
	context.Context, *pulumirpc.RuntimeOptionsRequest,
) (*pulumirpc.RuntimeOptionsResponse, error) {
	return &pulumirpc.RuntimeOptionsResponse{}, nil
}

// Run runs the program to its end. An error in the answer is shown to the user; a bail means that it was already told.
func (h *host) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	if request.GetAttachDebugger() {
		return failed("this language host cannot attach a debugger: run without --attach-debugger"), nil
	}
	python, err := findPython(request.GetInfo())
	if err != nil {
		return failed(err.Error()), nil
	}
	script, err := companion("pulumi-language-python-exec")
	if err != nil {
		return failed(err.Error()), nil
	}
	configuration, err := configurationVariables(request)
	if err != nil {
		return failed(err.Error()), nil
	}
	command := python.command(request.GetPwd(), append(os.Environ(), configuration...), programArguments(script, request)...)
	ended, err := h.programs.run(command, os.Stdout, os.Stderr, ctx.Done())
	if errors.Is(err, errEnding) {
		return &pulumirpc.RunResponse{Bail: true}, nil
	}
	if err != nil {
		return failed(fmt.Sprintf("%s cannot be started (%v): %s", python.executable, err, remedy)), nil
	}
	return outcome(ended), nil
}

// programArguments is the command line of the script that prepares the SDK and runs the program. No configuration: every
// user of the machine can read a command line.
func programArguments(script string, request *pulumirpc.RunRequest) []string {
	entry := request.GetInfo().GetEntryPoint()
	if entry == "" {
		entry = "."
	}
	return append([]string{
		"-u", script,
		"--monitor", request.GetMonitorAddress(),
		"--engine", engineAddress(os.Args[1:]),
		"--project", request.GetProject(),
		"--stack", request.GetStack(),
		"--organization", request.GetOrganization(),
		"--root_directory", request.GetInfo().GetRootDirectory(),
		"--pwd", request.GetPwd(),
		"--dry_run", strconv.FormatBool(request.GetDryRun()),
		"--parallel", strconv.Itoa(int(request.GetParallel())),
		"--", entry,
	}, request.GetArgs()...)
}

func configurationVariables(request *pulumirpc.RunRequest) ([]string, error) {
	values := request.GetConfig()
	if values == nil {
		values = map[string]string{}
	}
	secrets := request.GetConfigSecretKeys()
	if secrets == nil {
		secrets = []string{}
	}
	config, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	secretKeys, err := json.Marshal(secrets)
	if err != nil {
		return nil, err
	}
	return []string{"PULUMI_CONFIG=" + string(config), "PULUMI_CONFIG_SECRET_KEYS=" + string(secretKeys)}, nil
}

func outcome(ended *program) *pulumirpc.RunResponse {
	code, killer := ended.exit()
	switch {
	case ended.stopped, code == alreadyTold:
		return &pulumirpc.RunResponse{Bail: true}
	case killer != nil:
		return failed(fmt.Sprintf("Program was ended by a signal from outside: %v", killer))
	case code != 0:
		return failed(fmt.Sprintf("Program exited with non-zero exit code: %d", code))
	}
	return &pulumirpc.RunResponse{}
}

func failed(sentence string) *pulumirpc.RunResponse {
	return &pulumirpc.RunResponse{Error: sentence}
}

// RunPlugin runs a plugin that is written in Python, a policy pack above all, until the engine closes the stream.
func (h *host) RunPlugin(
	request *pulumirpc.RunPluginRequest, stream pulumirpc.LanguageRuntime_RunPluginServer,
) error {
	python, err := findPython(request.GetInfo())
	if err != nil {
		return status.Error(codes.FailedPrecondition, err.Error())
	}
	folder := filepath.Join(request.GetInfo().GetProgramDirectory(), request.GetInfo().GetEntryPoint())
	arguments := append([]string{"-u", folder}, request.GetArgs()...)
	command := python.command(request.GetPwd(), request.GetEnv(), arguments...)

	var sending sync.Mutex
	send := func(response *pulumirpc.RunPluginResponse) error {
		sending.Lock()
		defer sending.Unlock()
		return stream.Send(response)
	}
	stdout := writer(func(text []byte) error {
		return send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stdout{Stdout: text}})
	})
	stderr := writer(func(text []byte) error {
		return send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stderr{Stderr: text}})
	})
	ended, err := h.programs.run(command, stdout, stderr, stream.Context().Done())
	if err != nil {
		return status.Errorf(codes.FailedPrecondition, "%s cannot be started (%v): %s", python.executable, err, remedy)
	}
	code, _ := ended.exit()
	return send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(code)}})
}

type writer func([]byte) error

func (w writer) Write(text []byte) (int, error) {
	return len(text), w(text)
}

var _ io.Writer = writer(nil)

// InstallDependencies installs nothing. It says whether what `make setup` installs is there.
func (*host) InstallDependencies(
	request *pulumirpc.InstallDependenciesRequest, stream pulumirpc.LanguageRuntime_InstallDependenciesServer,
) error {
	python, err := findPython(request.GetInfo())
	if err != nil {
		return status.Error(codes.FailedPrecondition, err.Error())
	}
	if python.command(request.GetDirectory(), os.Environ(), "-c", "import pulumi").Run() != nil {
		return status.Errorf(codes.FailedPrecondition, "%s has no Pulumi SDK: %s", python.executable, remedy)
	}
	return stream.Send(&pulumirpc.InstallDependenciesResponse{
		Stdout: []byte("The dependencies are those that `make setup` installed; nothing to do.\n"),
	})
}

// About names the Python that programs run on.
func (*host) About(_ context.Context, request *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	python, err := findPython(request.GetInfo())
	if err != nil {
		return nil, status.Error(codes.FailedPrecondition, err.Error())
	}
	printed, err := python.command("", os.Environ(), "-V").Output()
	if err != nil {
		return nil, status.Errorf(codes.FailedPrecondition, "%s cannot be started (%v): %s", python.executable, err, remedy)
	}
	return &pulumirpc.AboutResponse{
		Executable: python.executable,
		Version:    strings.TrimPrefix(strings.TrimSpace(string(printed)), "Python "),
	}, nil
}

// GetProgramDependencies lists what is installed for the program.
func (*host) GetProgramDependencies(
	_ context.Context, request *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	python, err := findPython(request.GetInfo())
	if err != nil {
		return nil, status.Error(codes.FailedPrecondition, err.Error())
	}
	const list = "import importlib.metadata as m, json\n" +
		"print(json.dumps(sorted({d.name: d.version for d in m.distributions()}.items())))"
	printed, err := python.command("", os.Environ(), "-I", "-c", list).Output()
	if err != nil {
		return nil, status.Errorf(codes.FailedPrecondition, "%s cannot list its packages (%v): %s",
			python.executable, err, remedy)
	}
	var found [][2]string
	if err := json.Unmarshal(printed, &found); err != nil {
		return nil, status.Errorf(codes.Internal, "the list of packages of %s cannot be read: %v", python.executable, err)
	}
	response := &pulumirpc.GetProgramDependenciesResponse{}
	for _, one := range found {
		response.Dependencies = append(response.Dependencies, &pulumirpc.DependencyInfo{Name: one[0], Version: one[1]})
	}
	return response, nil
}

// Cancel ends what is running. The engine calls it on Ctrl-C and before it ends the host.
func (h *host) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	go h.programs.end()
	return &emptypb.Empty{}, nil
}
