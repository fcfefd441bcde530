package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
)

// RunPlugin runs a policy pack, or another plugin that is a folder with a `__main__.py`, until it ends or is cancelled.
func (h *host) RunPlugin(
	request *pulumirpc.RunPluginRequest, server pulumirpc.LanguageRuntime_RunPluginServer,
) error {
	tools, err := resolve(request.GetInfo())
	if err != nil {
		return err
	}
	closer, stdout, stderr, err := rpcutil.MakeRunPluginStreams(server, false)
	if err != nil {
		return err
	}
	running, stop := h.until(server.Context())
	defer stop()
	run := runPlugin
	if request.GetKind() == string(apitype.AnalyzerPlugin) {
		run = runPolicyPack
	}
	err = run(running, tools, request, stdout, stderr)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = server.Send(&pulumirpc.RunPluginResponse{
			Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(exit.ExitCode())},
		})
	}
	return closeAfter(closer, err)
}

func runPlugin(
	ctx context.Context, tools toolchain.Toolchain, request *pulumirpc.RunPluginRequest, stdout, stderr io.Writer,
) error {
	plugin, err := tools.Command(ctx, append([]string{request.GetInfo().GetProgramDirectory()}, request.GetArgs()...)...)
	if err != nil {
		return err
	}
	plugin.Dir = request.GetPwd()
	plugin.Env = append(plugin.Environ(), request.GetEnv()...)
	plugin.Stdout, plugin.Stderr = stdout, stderr
	interruptible(plugin)
	return plugin.Run()
}

// runPolicyPack runs Pulumi's Python policy SDK. It wants the stack in its environment when it starts, and the engine
// sends that by a call to the running pack: the SDK's proxy stands between.
func runPolicyPack(
	ctx context.Context, tools toolchain.Toolchain, request *pulumirpc.RunPluginRequest, stdout, stderr io.Writer,
) error {
	arguments := append([]string{"-u", "-m", "pulumi.policy"}, request.GetArgs()...)
	pack, err := tools.Command(ctx, append(arguments, request.GetInfo().GetProgramDirectory())...)
	if err != nil {
		return err
	}
	proxy, output, err := sdk.NewPolicyProxy(ctx, stdout)
	if err != nil {
		return fmt.Errorf("the policy pack's proxy cannot listen on the loopback interface: %w", err)
	}
	stack, err := proxy.AwaitConfiguration(ctx)
	if err != nil {
		return fmt.Errorf("the engine did not say which stack the policy pack is for: %w", err)
	}
	pack.Dir = request.GetInfo().GetProgramDirectory()
	pack.Env = append(pack.Environ(), request.GetEnv()...)
	if stack != nil {
		config, err := marshalConfig(stack.GetConfig())
		if err != nil {
			return err
		}
		pack.Env = append(pack.Env,
			"PULUMI_ORGANIZATION="+stack.GetOrganization(),
			"PULUMI_PROJECT="+stack.GetProject(),
			"PULUMI_STACK="+stack.GetStack(),
			"PULUMI_DRY_RUN="+strconv.FormatBool(stack.GetDryRun()),
			"PULUMI_CONFIG="+config)
	}
	pack.Stdout, pack.Stderr = output, stderr
	interruptible(pack)
	if err := pack.Start(); err != nil {
		proxy.Abort(err)
		return err
	}
	return proxy.Attach(ctx, pack)
}
