package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Fetch brings the generation that the pointer names, if it is newer than the one in use. The one in use stays until a newer one is
// whole, checked and on disk; then one rename changes them.
func fetchGeneration(ctx context.Context, cloud *Cloud, paths Paths) (Generation, error) {
	held, digest, heldErr := currentGeneration(paths)
	pointer, err := fetchPointer(ctx, cloud)
	if err != nil {
		return held, fmt.Errorf("hosts/current.json: %w", err)
	}
	if heldErr == nil && pointer.Digest == digest {
		return held, nil
	}
	if heldErr == nil && pointer.Revision < held.Revision {
		return held, fmt.Errorf("the store went back from revision %d to %d: run slipway up", held.Revision, pointer.Revision)
	}
	key := fmt.Sprintf("hosts/generations/%010d-%s.json", pointer.Revision, pointer.Digest)
	body, err := cloud.get(ctx, key)
	if err != nil {
		return held, fmt.Errorf("%s: %w", key, err)
	}
	generation, err := parseGeneration(body, pointer)
	if err != nil {
		return held, fmt.Errorf("%s is refused: %w", key, err)
	}
	if err := install(generation, body, paths); err != nil {
		return held, err
	}
	return generation, nil
}

func fetchPointer(ctx context.Context, cloud *Cloud) (Pointer, error) {
	var pointer Pointer
	body, err := cloud.get(ctx, "hosts/current.json")
	if err != nil {
		return pointer, err
	}
	if err := json.Unmarshal(body, &pointer); err != nil {
		return pointer, err
	}
	if pointer.Version != 1 || !digestText.MatchString(pointer.Digest) {
		return pointer, errors.New("it is not what Slipway writes")
	}
	return pointer, nil
}

const wholeFile = "generation.json"

// currentGeneration reads what is installed. What is linked is whole: it was synced before it was linked.
func currentGeneration(paths Paths) (generation Generation, digest string, err error) {
	body, err := os.ReadFile(filepath.Join(paths.current(), wholeFile))
	if err != nil {
		return generation, "", err
	}
	err = json.Unmarshal(body, &generation)
	return generation, hexSum(body), err
}

func install(generation Generation, body []byte, paths Paths) error {
	name := fmt.Sprintf("%010d-%s", generation.Revision, hexSum(body)[:16])
	folder := filepath.Join(paths.generations(), name)
	// One of this name was left by a run that died, or is linked by nobody.
	if err := errors.Join(os.RemoveAll(folder), os.MkdirAll(filepath.Join(folder, "clients"), 0o755)); err != nil {
		return err
	}
	files := map[string]string{
		"ca.crt": generation.Authority, "server.crt": generation.Server.Certificate, "server.key": generation.Server.Key,
		"channel.key": generation.ChannelKey, "crl.pem": generation.RevocationList, "server.conf": generation.ServerConfig,
		wholeFile: string(body),
	}
	if generation.SSHHostKey != "" {
		files["ssh_host_key"] = generation.SSHHostKey
	}
	for _, client := range generation.Clients {
		files[filepath.Join("clients", client)] = ""
	}
	for path, text := range files {
		if err := writeSynced(filepath.Join(folder, path), []byte(text), 0o600); err != nil {
			return err
		}
	}
	if err := errors.Join(syncFolder(filepath.Join(folder, "clients")), syncFolder(folder), syncFolder(paths.generations())); err != nil {
		return err
	}
	if err := switchLink(filepath.Join("generations", name), paths.current()); err != nil {
		return err
	}
	return dropOthers(paths.generations(), name)
}

// switchLink makes path a symbolic link to target in one step.
func switchLink(target, path string) error {
	temporary := path + ".next"
	if err := errors.Join(ignoreMissing(os.Remove(temporary)), os.Symlink(target, temporary)); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func dropOthers(folder, kept string) error {
	entries, err := os.ReadDir(folder)
	for _, entry := range entries {
		if entry.Name() != kept {
			err = errors.Join(err, os.RemoveAll(filepath.Join(folder, entry.Name())))
		}
	}
	return err
}

// writeAtomic replaces a file: a reader sees the old or the new one, also after a power loss.
func writeAtomic(path string, data []byte, mode os.FileMode) error {
	temporary := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".next")
	if err := writeSynced(temporary, data, mode); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// keepFile writes only what differs, and tells whether it did.
func keepFile(path string, data []byte, mode os.FileMode) (bool, error) {
	held, err := os.ReadFile(path)
	if err == nil && string(held) == string(data) {
		return false, os.Chmod(path, mode)
	}
	return true, writeAtomic(path, data, mode)
}

func writeSynced(path string, data []byte, mode os.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Chmod(mode), file.Sync(), file.Close())
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func oneLine(text string) string {
	return strings.Join(strings.Fields(text), " ")
}
