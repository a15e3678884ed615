// The agent of a VPN host: restores the identity from the store, keeps users, revocations and OpenVPN in step with it, and tells how it
// went. It runs to its end once a minute; what it did not finish, the next one does. It makes nothing up: without a store that answers,
// a host goes on with what it has.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	verb := ""
	if len(os.Args) == 2 {
		verb = os.Args[1]
	}
	ctx, cancel := context.WithTimeout(context.Background(), cycleBound)
	defer cancel()
	if err := execute(ctx, verb); err != nil {
		fmt.Fprintln(os.Stderr, "slipway-vpn-agent:", err)
		os.Exit(1)
	}
}

func execute(ctx context.Context, verb string) error {
	switch verb {
	case "version":
		digest, err := ownDigest()
		fmt.Println(digest)
		return err
	case "set-up":
		return setUp(ctx)
	case "sync":
		config, err := readConfig(configFile)
		if err != nil {
			return err
		}
		return cycle(ctx, config, hostPaths)
	}
	return errors.New("usage: agent sync|set-up|version")
}

// stage is one part of a cycle; its failure is told and does not keep the others from their work.
type stage struct {
	name string
	run  func() error
}

func cycle(ctx context.Context, config Config, paths Paths) error {
	if err := errors.Join(os.MkdirAll(paths.Volatile, 0o700), os.MkdirAll(paths.generations(), 0o755)); err != nil {
		return err
	}
	lock, err := lockCycle(filepath.Join(paths.Volatile, "lock"))
	if err != nil {
		return err
	}
	defer lock.Close()
	cloud := newCloud(config)
	problems := runStages([]stage{{"units", func() error { return ensureUnits(ctx) }}})
	generation, err := fetchGeneration(ctx, cloud, paths)
	if err != nil {
		problems = append(problems, "identity: "+oneLine(err.Error()))
	}
	if generation.Revision > 0 {
		problems = append(problems, runStages(serverStages(ctx, cloud, paths, generation))...)
		problems = append(problems, generation.ends(time.Now())...)
	}
	problems = append(problems, runStages([]stage{{"address", func() error { return ensureAddress(ctx, cloud, paths) }}})...)
	for _, problem := range problems {
		fmt.Fprintln(os.Stderr, "slipway-vpn-agent:", problem)
	}
	if err := report(ctx, cloud, generation, problems); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// serverStages in the order in which a host that is new becomes useful: who may look after it, then what it is for.
func serverStages(ctx context.Context, cloud *Cloud, paths Paths, generation Generation) []stage {
	return []stage{
		{"users", func() error { return ensureUsers(ctx, paths, generation) }},
		{"packages", func() error { return ensurePackages(ctx, cloud, paths, generation.Packages) }},
		{"network", func() error { return ensureNetwork(ctx, paths, generation) }},
		{"openvpn", func() error { return ensureServer(ctx, paths, generation) }},
		{"revoked", func() error { return endRevoked(ctx, paths, generation) }},
		{"agent", func() error { return ensureAgent(ctx, cloud, generation) }},
	}
}

func runStages(stages []stage) []string {
	problems := []string{}
	for _, each := range stages {
		if err := each.run(); err != nil {
			problems = append(problems, each.name+": "+oneLine(err.Error()))
		}
	}
	return problems
}

// ensureAddress takes the fixed address once in each boot: a host that is about to be replaced must not take it back from its successor.
func ensureAddress(ctx context.Context, cloud *Cloud, paths Paths) error {
	mark := filepath.Join(paths.Volatile, "address")
	held, _ := os.ReadFile(mark)
	if cloud.config.AllocationID == "" || string(held) == cloud.config.AllocationID {
		return nil
	}
	if err := cloud.takeAddress(ctx); err != nil {
		return err
	}
	return os.WriteFile(mark, []byte(cloud.config.AllocationID), 0o600)
}

// report is read by `slipway vpn status`.
func report(ctx context.Context, cloud *Cloud, generation Generation, problems []string) error {
	connected, running := []string{}, "stopped"
	if isActive(ctx) {
		running = "running"
		if names, err := connectedClients(ctx); err == nil {
			connected = names
		}
	}
	instance, err := cloud.metadata(ctx, "instance-id")
	if err != nil {
		return err
	}
	digest, _ := ownDigest()
	text, err := json.Marshal(map[string]any{
		"version": 1, "host": cloud.config.Host, "instance": instance, "time": time.Now().UTC().Format(time.RFC3339), "agent": digest,
		"revision": generation.Revision, "openvpn": running, "connected": connected, "problems": problems,
	})
	if err != nil {
		return err
	}
	return cloud.put(ctx, "reports/"+cloud.config.Host+".json", text)
}

// lockCycle waits for nobody: a cycle that is under way does the work. The kernel frees the lock of one that died.
func lockCycle(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("another cycle is under way: %w", err)
	}
	return file, nil
}
