package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// grace is what an interrupted program gets to end by itself. The engine allows the host five seconds in all, but each
// refused update waits this long: the SDK goes on waiting for answers that an engine which has ended will not give.
const grace = time.Second

// errEnding means that the host takes no more programs.
var errEnding = errors.New("the language host is ending")

// programs are the Python processes that this host answers for.
type programs struct {
	mutex   sync.Mutex
	running map[*program]struct{}
	ending  bool
}

// program is one Python process, in a process group of its own: the engine interrupts the host's group, and so it is the
// host alone, once, that interrupts a program.
type program struct {
	command *exec.Cmd
	stderr  *holdback
	ended   chan struct{}
	stop    sync.Once
	stopped bool // read after ended is closed
}

// run starts the command and waits for its end. Its output goes to the two writers. It ends early, interrupted, when
// the channel closes or the host ends.
func (all *programs) run(command *exec.Cmd, stdout, stderr io.Writer, cancelled <-chan struct{}) (*program, error) {
	// The death signal is bound to the thread that starts the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	started := &program{command: command, stderr: &holdback{to: stderr}, ended: make(chan struct{})}
	command.Stdout = &holdback{to: stdout}
	command.Stderr = started.stderr
	command.SysProcAttr = ownGroup()
	command.WaitDelay = time.Second // for what a program left running with its output open

	if err := all.start(started); err != nil {
		return nil, err
	}
	go func() {
		select {
		case <-cancelled:
			started.interrupt()
		case <-started.ended:
		}
	}()
	_ = command.Wait() // ProcessState says it all
	close(started.ended)
	started.stop.Do(func() {})
	started.stderr.release(started.diedInterrupted())

	all.mutex.Lock()
	defer all.mutex.Unlock()
	delete(all.running, started)
	return started, nil
}

func (all *programs) start(started *program) error {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	if all.ending {
		return errEnding
	}
	if err := started.command.Start(); err != nil {
		return err
	}
	all.running[started] = struct{}{}
	return nil
}

// end interrupts every program, waits until all have ended, and takes no new ones.
func (all *programs) end() {
	all.mutex.Lock()
	all.ending = true
	running := make([]*program, 0, len(all.running))
	for one := range all.running {
		running = append(running, one)
	}
	all.mutex.Unlock()

	var waiting sync.WaitGroup
	for _, one := range running {
		waiting.Go(one.interrupt)
	}
	waiting.Wait()
}

// interrupt ends the program and all it started: SIGINT, and SIGKILL after the grace.
func (p *program) interrupt() {
	p.stop.Do(func() {
		p.stopped = true
		p.stderr.hold()
		group := -p.command.Process.Pid
		_ = syscall.Kill(group, syscall.SIGINT)
		select {
		case <-p.ended:
		case <-time.After(grace):
		}
		_ = syscall.Kill(group, syscall.SIGKILL)
	})
	<-p.ended
}

// exit is the exit code, or the signal that ended the process.
func (p *program) exit() (code int, killer os.Signal) {
	if status, ok := p.command.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), status.Signal()
	}
	return p.command.ProcessState.ExitCode(), nil
}

// diedInterrupted tells whether the program died of our interruption, instead of ending itself in an order of its own.
func (p *program) diedInterrupted() bool {
	_, killer := p.exit()
	return p.stopped && killer != nil
}

// holdback passes on what is written to it, until it is told to hold: what an interrupted Python has to say is a
// traceback of the interruption, which no user needs. It never fails, so that a reader that is gone blocks no program.
type holdback struct {
	mutex   sync.Mutex
	to      io.Writer
	holding bool
	held    []byte
}

func (h *holdback) Write(text []byte) (int, error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.holding {
		h.held = append(h.held, text...)
	} else {
		_, _ = h.to.Write(text)
	}
	return len(text), nil
}

func (h *holdback) hold() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.holding = true
}

// release drops what was held, or passes it on.
func (h *holdback) release(drop bool) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if !drop && len(h.held) > 0 {
		_, _ = h.to.Write(h.held)
	}
	h.holding, h.held = false, nil
}
