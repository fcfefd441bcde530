//go:build tools

// Package tools pins what the sandbox compiles of Pulumi. Nothing here is imported by teal; go.mod, go.sum and the
// command below are the point.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
