// Command pulumi-language-python runs Python programs and policy packs for Pulumi's engine. Pulumi's own is in no Go
// module; this one is made of the parts that Pulumi's SDK has: the toolchains, the policy proxy, and the runner
// `pulumi-language-python-exec`, which has to be beside it. It generates no code and offers no templates.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// The engine is asked this often whether it is there: one that was killed tells nobody.
const engineInterval = 2 * time.Second

func main() {
	flag.String("tracing", "", "accepted, since the engine passes it on; nothing is traced")
	showVersion := flag.Bool("version", false, "print the version of Pulumi's SDK and exit")
	flag.Parse()
	if *showVersion {
		fmt.Println(version.Version)
		return
	}
	if err := serve(flag.Arg(0)); err != nil {
		fmt.Fprintf(os.Stderr, "pulumi-language-python: %v\n", err)
		os.Exit(1)
	}
}

// serve answers the engine until it is interrupted or the engine is gone. The first line that it prints is its port.
func serve(engine string) error {
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	runner := filepath.Join(filepath.Dir(executable), "pulumi-language-python-exec")
	if _, err := os.Stat(runner); err != nil {
		return fmt.Errorf("the runner of Python programs has to be beside it: %w", err)
	}
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if engine != "" {
		if err := rpcutil.Healthcheck(interrupted, engine, engineInterval, stop); err != nil {
			return fmt.Errorf("the engine at %s cannot be watched: %w", engine, err)
		}
	}
	ended := make(chan bool)
	context.AfterFunc(interrupted, func() { close(ended) })
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: ended,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, newHost(runner, engine))
			return nil
		},
	})
	if err != nil {
		return fmt.Errorf("cannot listen on the loopback interface: %w", err)
	}
	fmt.Println(handle.Port)
	return <-handle.Done
}
