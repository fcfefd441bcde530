// Command pulumi-resource-kubernetes is Pulumi's Kubernetes provider. Its own main embeds files that are generated
// when it is released and are not in the module; this one reads the schema from beside itself.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

// version is set by the linker to the version of the module.
var version = "0.0.0"

func main() {
	schema, err := read("schema.json")
	if err != nil {
		fmt.Fprintf(os.Stderr, "pulumi-resource-kubernetes cannot start: %v; delete its folder and compile it again\n", err)
		os.Exit(1)
	}
	provider.Serve("kubernetes", version, schema, []byte("{}"))
}

func read(name string) ([]byte, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(filepath.Dir(executable), name))
}
