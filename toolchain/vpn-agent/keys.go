package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

var publicKey = regexp.MustCompile(`^(?:ssh-|ecdsa-|sk-)[A-Za-z0-9@.-]+ [A-Za-z0-9+/]+={0,3}(?: [^\r\n]*)?$`)

const maxKeys = 64 << 10

// keysOf gives each user's keys: those given, and those the forge serves now, or served last, or served when the generation was made.
func keysOf(ctx context.Context, paths Paths, users []SSHUser, fail func(error)) map[string][]string {
	keys := map[string][]string{}
	var mutex sync.Mutex
	var group sync.WaitGroup
	for _, each := range users {
		group.Go(func() {
			fetched, err := fetchedKeys(ctx, paths, each)
			mutex.Lock()
			defer mutex.Unlock()
			if err != nil {
				fail(fmt.Errorf("SSH user %s: %w", each.Name, err))
			}
			keys[each.Name] = validKeys(append(append([]string{}, each.Keys...), fetched...))
		})
	}
	group.Wait()
	return keys
}

func fetchedKeys(ctx context.Context, paths Paths, wanted SSHUser) ([]string, error) {
	if len(wanted.KeyURLs) == 0 || !userName.MatchString(wanted.Name) {
		return nil, nil
	}
	file := filepath.Join(paths.fetched(), wanted.Name+".json")
	var lines []string
	for _, address := range wanted.KeyURLs {
		text, err := fetchText(ctx, address)
		if err != nil {
			return lastKeys(file, wanted.FetchedKeys), err
		}
		lines = append(lines, strings.Split(text, "\n")...)
	}
	keys := validKeys(lines)
	text, err := json.Marshal(keys)
	if err != nil {
		return keys, err
	}
	if err := os.MkdirAll(paths.fetched(), 0o700); err != nil {
		return keys, err
	}
	_, err = keepFile(file, text, 0o600)
	return keys, err
}

func lastKeys(file string, otherwise []string) []string {
	var keys []string
	text, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(text, &keys) != nil {
		return otherwise
	}
	return keys
}

// validKeys are lines that sshd takes as keys without options, each once.
func validKeys(lines []string) []string {
	keys, seen := []string{}, map[string]bool{}
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if publicKey.MatchString(line) && !seen[line] {
			keys, seen[line] = append(keys, line), true
		}
	}
	return keys
}

func fetchText(ctx context.Context, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, forgeBound)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %d", address, response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxKeys+1))
	if err == nil && len(body) > maxKeys {
		err = fmt.Errorf("%s answers with more than %d bytes", address, maxKeys)
	}
	return string(body), err
}
