package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// run executes a command with a bound; its error holds the end of what it said.
func run(ctx context.Context, bound time.Duration, input string, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	command := exec.CommandContext(ctx, name, args...)
	command.Stdin = strings.NewReader(input)
	command.Env = append(command.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C")
	// A daemon that a package starts keeps our pipe open.
	command.WaitDelay = 5 * time.Second
	output, err := command.CombinedOutput()
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		text := oneLine(string(output))
		if len(text) > 300 {
			text = "…" + text[len(text)-300:]
		}
		return string(output), fmt.Errorf("%s: %w: %s", name, err, text)
	}
	return string(output), nil
}

func has(command string) bool {
	_, err := exec.LookPath(command)
	return err == nil
}
