package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// ownDigest names this program; the store's generation says which one is wanted.
func ownDigest() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	body, err := os.ReadFile(path)
	return hexSum(body), err
}

// ensureAgent replaces this program by the one that the generation names; the next cycle is the new one's. One that cannot even tell its
// version never takes our place.
func ensureAgent(ctx context.Context, cloud *Cloud, generation Generation) error {
	wanted, known := generation.Agents[runtime.GOARCH]
	own, err := ownDigest()
	if err != nil || !known || wanted.Digest == own {
		return err
	}
	body, err := fetchFile(ctx, cloud, wanted)
	if err != nil {
		return err
	}
	candidate := agentBinary + ".candidate"
	if err := writeSynced(candidate, body, 0o755); err != nil {
		return err
	}
	said, err := run(ctx, commandBound, "", candidate, "version")
	if err != nil || strings.TrimSpace(said) != wanted.Digest {
		return fmt.Errorf("the agent %s is not usable here: %w", wanted.Digest[:12], err)
	}
	return os.Rename(candidate, agentBinary)
}
