// In-memory-provider is the infrastructure `dev` of Slipway: Cluster API's own in-memory provider, taken apart into one cloud
// and one controller manager for each API server, because machines must outlive a pivot from one API server to another.
//
//	in-memory-provider cloud --cloud-file FILE    holds all machines, endpoints and managers; says in FILE where it is
//	in-memory-provider [manager flags]            stands for a pod: attaches to the cloud, which runs the manager while it lives
//
// The stock program (sigs.k8s.io/cluster-api/test/infrastructure/docker) has constant ports on all interfaces, so that
// only one fits on a host; everything here is on loopback.
package main

import (
	"fmt"
	"os"
)

func main() {
	run := runPod
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "cloud" {
		run, args = runCloud, args[1:]
	}
	if err := run(args); err != nil {
		fmt.Fprintf(os.Stderr, "Error: %v\n", err)
		os.Exit(1)
	}
}
