package main

import "syscall"

// ownGroup starts a process in a group of its own that the system kills with the host, should the host itself be killed.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
