//go:build tools

// Package tools pins what the sandbox compiles of metrics-server. Nothing here
// is imported by teal; go.mod and go.sum are the point.
package tools

import _ "sigs.k8s.io/metrics-server/cmd/metrics-server"
