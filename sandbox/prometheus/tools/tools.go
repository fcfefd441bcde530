//go:build tools

// Package tools pins what the sandbox compiles of Prometheus. Nothing here is
// imported by teal; go.mod and go.sum are the point.
package tools

import (
	_ "github.com/prometheus/prometheus/cmd/prometheus"
	_ "github.com/prometheus/prometheus/cmd/promtool"
)
