// Command pulumi-language-python runs this project's Python programs for the Pulumi engine.
//
// The engine starts one for each operation, reads the port from the first line of its stdout, and asks it over gRPC
// (pulumirpc.LanguageRuntime) to run the program and the policy packs. Whatever else it writes to stdout and stderr the
// engine shows to the user: so nothing but the program's own output goes there.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
)

// largestMessage is the most that the engine sends at once, in bytes: it raises gRPC's 4 MiB to the same.
const largestMessage = 400 << 20

func main() {
	if err := serve(engineAddress(os.Args[1:])); err != nil {
		fmt.Fprintf(os.Stderr, "pulumi-language-python: %v\n", err)
		os.Exit(1)
	}
}

// engineAddress reads the command line. The engine puts its logging flags before its address; none of them concern a
// host that logs nothing.
func engineAddress(arguments []string) string {
	flags := flag.NewFlagSet("pulumi-language-python", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Bool("logtostderr", false, "")
	flags.Int("v", 0, "")
	flags.String("tracing", "", "")
	if flags.Parse(arguments) != nil {
		return arguments[len(arguments)-1]
	}
	return flags.Arg(0)
}

// serve answers the engine until it signals the end or is gone, and leaves no program behind.
func serve(engine string) error {
	// A write to an engine that is gone must fail instead of ending this process: there are programs to end first.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ending := make(chan os.Signal, 1)
	signal.Notify(ending, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("cannot listen on the loopback interface: %w", err)
	}
	host := newHost()
	server := grpc.NewServer(grpc.MaxRecvMsgSize(largestMessage))
	pulumirpc.RegisterLanguageRuntimeServer(server, host)

	go func() {
		select {
		case <-ending:
		case <-gone(engine):
		}
		host.programs.end()
		time.AfterFunc(time.Second, server.Stop)
		server.GracefulStop()
	}()

	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	return server.Serve(listener)
}

// gone is closed as soon as the engine at that address is no more: a killed engine sends no signal, but the system closes
// its connections and its port. An engine without an address is not watched.
func gone(engine string) <-chan struct{} {
	lost := make(chan struct{})
	if engine == "" {
		return lost
	}
	go func() {
		defer close(lost)
		connection, err := grpc.NewClient("passthrough:///"+engine, grpc.WithNoProxy(), grpc.WithIdleTimeout(0),
			grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return
		}
		defer connection.Close()
		connection.Connect()
		for state := connection.GetState(); ; state = connection.GetState() {
			switch state {
			case connectivity.TransientFailure:
				// A busy engine may fail a connection; only a dead one has no port.
				probe, err := net.Dial("tcp", engine)
				if err != nil {
					return
				}
				_ = probe.Close()
			case connectivity.Idle:
				connection.Connect()
			}
			connection.WaitForStateChange(context.Background(), state)
		}
	}()
	return lost
}
