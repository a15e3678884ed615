package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"
)

const (
	vpnUnit          = "slipway-openvpn.service"
	managementSocket = "/run/slipway-vpn/management.sock"
)

// ensureServer keeps OpenVPN running on the generation in use: restarted for what it reads at its start only, else left alone.
func ensureServer(ctx context.Context, paths Paths, generation Generation) error {
	mark := filepath.Join(paths.Volatile, "started")
	held, _ := os.ReadFile(mark)
	wanted := generation.restartDigest()
	active := isActive(ctx)
	if active && string(held) == wanted {
		return nil
	}
	verb := "start"
	if active {
		verb = "restart"
	}
	if _, err := run(ctx, commandBound, "", "systemctl", "reset-failed", vpnUnit); err != nil && active {
		return err
	}
	if _, err := run(ctx, commandBound, "", "systemctl", verb, vpnUnit); err != nil {
		return err
	}
	return writeAtomic(mark, []byte(wanted), 0o600)
}

func isActive(ctx context.Context) bool {
	_, err := run(ctx, commandBound, "", "systemctl", "is-active", "--quiet", vpnUnit)
	return err == nil
}

// endRevoked ends the sessions of those who may not connect any more: OpenVPN asks its lists at the beginning of a session only. A
// certificate that was replaced is revoked under a name that goes on; its session is ended once.
func endRevoked(ctx context.Context, paths Paths, generation Generation) error {
	mark := filepath.Join(paths.State, "ended.json")
	done := map[string]bool{}
	if text, err := os.ReadFile(mark); err == nil {
		_ = json.Unmarshal(text, &done)
	}
	allowed := map[string]bool{}
	for _, name := range generation.Clients {
		allowed[name] = true
	}
	replaced := map[string]bool{}
	serials := map[string]bool{}
	for _, each := range generation.Revoked {
		serials[each.Serial] = true
		replaced[each.Name] = replaced[each.Name] || !done[each.Serial]
	}
	sessions, err := connectedSessions(ctx)
	if err != nil {
		return err
	}
	for _, session := range sessions {
		if allowed[session.name] && !replaced[session.name] {
			continue
		}
		// Whoever may come back with another certificate is told to; the others are told to stop.
		word := "HALT"
		if allowed[session.name] {
			word = "RESTART"
		}
		if err := endSession(ctx, session.id, word); err != nil {
			return err
		}
	}
	text, err := json.Marshal(serials)
	if err != nil {
		return err
	}
	_, err = keepFile(mark, text, 0o600)
	return err
}

type session struct{ name, id string }

func connectedSessions(ctx context.Context) ([]session, error) {
	lines, err := manage(ctx, "status 3", "END")
	var sessions []session
	for _, line := range lines {
		// CLIENT_LIST, common name, 3 addresses, 2 counts, 2 times, user name, client id, … (openvpn's management-notes.txt)
		fields := strings.Split(line, "\t")
		if len(fields) > 10 && fields[0] == "CLIENT_LIST" && clientName.MatchString(fields[1]) {
			sessions = append(sessions, session{name: fields[1], id: fields[10]})
		}
	}
	return sessions, err
}

func connectedClients(ctx context.Context) ([]string, error) {
	sessions, err := connectedSessions(ctx)
	names := []string{}
	for _, each := range sessions {
		names = append(names, each.name)
	}
	sort.Strings(names)
	return slices.Compact(names), err
}

func endSession(ctx context.Context, id, word string) error {
	lines, err := manage(ctx, "client-kill "+id+" "+word, "SUCCESS:", "ERROR:")
	if err != nil {
		return err
	}
	// Also when the session ended by itself meanwhile: then the next cycle finds nothing to end.
	if last := lines[len(lines)-1]; strings.HasPrefix(last, "ERROR:") {
		return fmt.Errorf("client-kill %s: %s", id, last)
	}
	return nil
}

// manage sends one command to OpenVPN and reads until a line begins with one of the ends.
func manage(ctx context.Context, command string, ends ...string) ([]string, error) {
	dialer := net.Dialer{Timeout: requestBound}
	connection, err := dialer.DialContext(ctx, "unix", managementSocket)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(requestBound)); err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(connection, "%s\n", command); err != nil {
		return nil, err
	}
	var lines []string
	scanner := bufio.NewScanner(connection)
	for scanner.Scan() {
		lines = append(lines, strings.TrimRight(scanner.Text(), "\r"))
		for _, end := range ends {
			if strings.HasPrefix(lines[len(lines)-1], end) {
				return lines, nil
			}
		}
	}
	return lines, errors.Join(scanner.Err(), errors.New("openvpn's management socket was closed"))
}
