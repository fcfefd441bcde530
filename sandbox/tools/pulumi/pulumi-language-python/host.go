package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
	"google.golang.org/protobuf/types/known/emptypb"
)

// host is the service that the engine calls; what it does not override answers 'unimplemented'.
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer

	runner string
	engine string
	// cancelled ends with Cancel: what runs then is interrupted.
	cancelled context.Context
	cancel    context.CancelFunc
}

func newHost(runner, engine string) *host {
	cancelled, cancel := context.WithCancel(context.Background())
	return &host{runner: runner, engine: engine, cancelled: cancelled, cancel: cancel}
}

func (h *host) Handshake(
	_ context.Context, request *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	if address := request.GetEngineAddress(); address != "" {
		h.engine = address
	}
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version.Version}, nil
}

// GetRequiredPackages makes the program's environment where a fresh checkout has none, as Pulumi's own host does. It
// names no packages: the plugins are those on PATH, and none is downloaded beforehand.
func (h *host) GetRequiredPackages(
	ctx context.Context, request *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	tools, err := resolve(request.GetInfo())
	if err != nil {
		return nil, err
	}
	err = tools.EnsureVenv(ctx, request.GetInfo().GetProgramDirectory(), false, true, os.Stdout, os.Stderr)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

func (h *host) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	h.cancel()
	return &emptypb.Empty{}, nil
}

func (h *host) About(ctx context.Context, request *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	options, err := pythonOptions(request.GetInfo())
	if err != nil {
		return nil, err
	}
	tools, err := toolchain.ResolveToolchain(options)
	if err != nil {
		return nil, err
	}
	about, err := tools.About(ctx)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.AboutResponse{
		Executable: about.PythonExecutable,
		Version:    about.PythonVersion.String(),
		Metadata: map[string]string{
			"toolchain":        toolchain.Name(options.Toolchain),
			"toolchainVersion": about.ToolchainVersion.String(),
		},
	}, nil
}

func (h *host) GetProgramDependencies(
	ctx context.Context, request *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	tools, err := resolve(request.GetInfo())
	if err != nil {
		return nil, err
	}
	packages, err := tools.ListPackages(ctx, request.GetTransitiveDependencies())
	if err != nil {
		return nil, fmt.Errorf("the program's packages cannot be listed: %w", err)
	}
	answer := &pulumirpc.GetProgramDependenciesResponse{}
	for _, each := range packages {
		answer.Dependencies = append(
			answer.Dependencies, &pulumirpc.DependencyInfo{Name: each.Name, Version: each.Version})
	}
	return answer, nil
}

func (h *host) InstallDependencies(
	request *pulumirpc.InstallDependenciesRequest, server pulumirpc.LanguageRuntime_InstallDependenciesServer,
) error {
	tools, err := resolve(request.GetInfo())
	if err != nil {
		return err
	}
	closer, stdout, stderr, err := rpcutil.MakeInstallDependenciesStreams(server, request.GetIsTerminal())
	if err != nil {
		return err
	}
	err = tools.InstallDependencies(server.Context(), request.GetInfo().GetProgramDirectory(),
		request.GetUseLanguageVersionTools(), true, stdout, stderr)
	return closeAfter(closer, err)
}

// closeAfter closes what has been written to, and gives the first error.
func closeAfter(closer io.Closer, err error) error {
	if closed := closer.Close(); err == nil {
		return closed
	}
	return err
}

func resolve(info *pulumirpc.ProgramInfo) (toolchain.Toolchain, error) {
	options, err := pythonOptions(info)
	if err != nil {
		return nil, err
	}
	return toolchain.ResolveToolchain(options)
}

// pythonOptions reads `runtime.options` of Pulumi.yaml or PulumiPolicy.yaml.
func pythonOptions(info *pulumirpc.ProgramInfo) (toolchain.PythonOptions, error) {
	options := toolchain.PythonOptions{Root: info.GetRootDirectory(), ProgramDir: info.GetProgramDirectory()}
	for name, value := range info.GetOptions().AsMap() {
		switch {
		case name == "virtualenv":
			options.Virtualenv, _ = value.(string)
		case name == "toolchain" && value == "pip":
			options.Toolchain = toolchain.Pip
		case name == "toolchain" && value == "poetry":
			options.Toolchain = toolchain.Poetry
		case name == "toolchain" && value == "uv":
			options.Toolchain = toolchain.Uv
		default:
			return options, fmt.Errorf("runtime option %s: %v cannot be followed by this language host, so the program "+
				"is not run. Use `virtualenv`, or `toolchain` with pip, poetry or uv, in the `runtime` of its YAML file", name, value)
		}
	}
	return options, nil
}
