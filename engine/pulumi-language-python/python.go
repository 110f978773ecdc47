package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// remedy ends every sentence about a Python environment that cannot be used.
const remedy = "run `make setup`, which makes it"

// python is the interpreter that a program runs on. An empty virtualenv means the one on PATH.
type python struct {
	executable string
	virtualenv string
}

// findPython follows the runtime option `virtualenv` of Pulumi.yaml or PulumiPolicy.yaml, whose path is relative to that
// file's folder.
func findPython(info *pulumirpc.ProgramInfo) (python, error) {
	virtualenv := ""
	for name, value := range info.GetOptions().AsMap() {
		text := fmt.Sprint(value)
		switch {
		case name == "virtualenv":
			virtualenv = text
		case name == "toolchain" && text == "pip":
		default:
			return python{}, fmt.Errorf("the runtime option `%s: %s` is not known to this language host: "+
				"use `virtualenv` alone", name, text)
		}
	}
	if virtualenv == "" {
		executable, err := exec.LookPath("python3")
		if err != nil {
			return python{}, errors.New("there is no python3 on PATH, and no runtime option `virtualenv` that names another")
		}
		return python{executable: executable}, nil
	}
	if !filepath.IsAbs(virtualenv) {
		virtualenv = filepath.Join(info.GetRootDirectory(), virtualenv)
	}
	return inVirtualenv(virtualenv)
}

func inVirtualenv(folder string) (python, error) {
	if _, err := os.Stat(folder); err != nil {
		return python{}, fmt.Errorf("the virtualenv %s, which the runtime options name, is missing: %s", folder, remedy)
	}
	executable := filepath.Join(folder, "bin", "python")
	if _, err := exec.LookPath(executable); err != nil {
		return python{}, fmt.Errorf("the virtualenv %s, which the runtime options name, has no bin/python that runs: %s",
			folder, remedy)
	}
	if _, err := os.Stat(filepath.Join(folder, "pyvenv.cfg")); err != nil {
		return python{}, fmt.Errorf("%s, which the runtime options name, is not a virtualenv (no pyvenv.cfg): %s",
			folder, remedy)
	}
	return python{executable: executable, virtualenv: folder}, nil
}

// environment is the given one with this Python activated in it.
func (p python) environment(given []string) []string {
	path := ""
	environment := make([]string, 0, len(given)+3)
	for _, variable := range given {
		name, value, _ := strings.Cut(variable, "=")
		switch {
		case name == "PATH":
			path = value
		case name == "PYTHONHOME", name == "VIRTUAL_ENV" && p.virtualenv != "":
		default:
			environment = append(environment, variable)
		}
	}
	if p.virtualenv != "" {
		environment = append(environment, "VIRTUAL_ENV="+p.virtualenv)
		path = strings.TrimSuffix(filepath.Dir(p.executable)+string(os.PathListSeparator)+path, string(os.PathListSeparator))
	}
	return append(environment, "PATH="+path, "PYTHONUNBUFFERED=1")
}

// command runs this Python with the arguments, in the folder, on top of the given environment.
func (p python) command(folder string, given []string, arguments ...string) *exec.Cmd {
	command := exec.Command(p.executable, arguments...)
	command.Dir = folder
	command.Env = p.environment(given)
	return command
}

// companion finds a script that belongs to this host: beside it, else on PATH.
func companion(name string) (string, error) {
	if own, err := os.Executable(); err == nil {
		if own, err = filepath.EvalSymlinks(own); err == nil {
			beside := filepath.Join(filepath.Dir(own), name)
			if _, err = os.Stat(beside); err == nil {
				return beside, nil
			}
		}
	}
	found, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is neither beside the language host nor on PATH: run `engine/ensure` for a whole engine",
			name)
	}
	return found, nil
}
