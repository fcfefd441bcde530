//go:build tools

// Package tools pins the actionlint that `make actionlint` compiles. Nothing
// here is imported by teal; go.mod and go.sum are the point.
package tools

import _ "github.com/rhysd/actionlint/cmd/actionlint"
