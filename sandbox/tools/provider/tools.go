//go:build tools

// Package tools pins what the sandbox compiles on Kubernetes' client: Pulumi's provider of it, and
// Prometheus. Nothing here is imported by teal; go.mod, go.sum and the command below are the point.
package tools

import (
	_ "github.com/prometheus/prometheus/cmd/prometheus"
	_ "github.com/prometheus/prometheus/cmd/promtool"
)
