package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

const (
	// toldAlready is the runner's exit status where the program's author has read the error.
	toldAlready = 32
	// An interrupted program has as long as this to end by itself.
	patience = 5 * time.Second
)

// Run runs a program to its end. The program's failure is an answer, not an error of the call.
func (h *host) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	tools, err := resolve(request.GetInfo())
	if err != nil {
		return nil, err
	}
	if err := tools.ValidateVenv(ctx); err != nil {
		return nil, err
	}
	running, stop := h.until(ctx)
	defer stop()
	program, err := tools.Command(running, append([]string{h.runner}, h.arguments(request)...)...)
	if err != nil {
		return nil, err
	}
	settings, err := environment(request)
	if err != nil {
		return nil, err
	}
	program.Env = append(program.Environ(), settings...)
	program.Stdout, program.Stderr = os.Stdout, os.Stderr
	interruptible(program)
	var exit *exec.ExitError
	switch err := program.Run(); {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case errors.As(err, &exit) && exit.ExitCode() == toldAlready:
		return &pulumirpc.RunResponse{Bail: true}, nil
	case errors.As(err, &exit) && exit.Exited():
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("program exited with non-zero exit code: %d", exit.ExitCode())}, nil
	default:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("program could not be run, or was ended: %v", err)}, nil
	}
}

// until is cancelled with the call or by Cancel, whichever comes first.
func (h *host) until(ctx context.Context) (context.Context, func()) {
	running, stop := context.WithCancel(ctx)
	detach := context.AfterFunc(h.cancelled, stop)
	return running, func() { detach(); stop() }
}

// interruptible makes the command end as from a terminal where its context is cancelled, and killed if it does not.
func interruptible(command *exec.Cmd) {
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = patience
}

// arguments are those of Pulumi's runner; empty ones are left out.
func (h *host) arguments(request *pulumirpc.RunRequest) []string {
	var arguments []string
	for _, each := range [][2]string{
		{"monitor", request.GetMonitorAddress()},
		{"engine", h.engine},
		{"project", request.GetProject()},
		{"stack", request.GetStack()},
		{"organization", request.GetOrganization()},
		{"root_directory", request.GetInfo().GetRootDirectory()},
		{"pwd", request.GetPwd()},
		{"dry_run", strconv.FormatBool(request.GetDryRun())},
		{"parallel", strconv.Itoa(int(request.GetParallel()))},
	} {
		if each[1] != "" {
			arguments = append(arguments, "--"+each[0], each[1])
		}
	}
	return append(append(arguments, request.GetInfo().GetEntryPoint()), request.GetArgs()...)
}

// environment is how the SDK is given the stack's configuration.
func environment(request *pulumirpc.RunRequest) ([]string, error) {
	config, err := marshalConfig(request.GetConfig())
	if err != nil {
		return nil, err
	}
	settings := []string{"PULUMI_CONFIG=" + config}
	if secrets := request.GetConfigSecretKeys(); len(secrets) > 0 { // the SDK cannot read `null`
		keys, err := json.Marshal(secrets)
		if err != nil {
			return nil, fmt.Errorf("the names of the stack's secrets cannot be passed on: %w", err)
		}
		settings = append(settings, "PULUMI_CONFIG_SECRET_KEYS="+string(keys))
	}
	return settings, nil
}

// marshalConfig is the stack's configuration as the SDK reads it: without any it is an empty object, and not `null`.
func marshalConfig(values map[string]string) (string, error) {
	if values == nil {
		values = map[string]string{}
	}
	text, err := json.Marshal(values)
	if err != nil {
		return "", fmt.Errorf("the stack's configuration cannot be passed on: %w", err)
	}
	return string(text), nil
}
