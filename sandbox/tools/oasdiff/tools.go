//go:build tools

// Package tools pins what the sandbox compiles of oasdiff. Nothing here is
// imported by teal; go.mod and go.sum are the point.
package tools

import _ "github.com/oasdiff/oasdiff"
