package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// userGroup marks the accounts that are ours: no other is ever touched.
const userGroup = "slipway-ssh"

var userName = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)

// ensureUsers keeps accounts, keys and who may become root in step. What fails for one user is told and blocks no other.
func ensureUsers(ctx context.Context, paths Paths, generation Generation) error {
	if err := os.MkdirAll(paths.sshKeys(), 0o755); err != nil {
		return err
	}
	if _, err := run(ctx, commandBound, "", "groupadd", "--force", "--system", userGroup); err != nil {
		return err
	}
	users, failures := withOperator(generation), []error{}
	keys := keysOf(ctx, paths, users, func(err error) { failures = append(failures, err) })
	if operator := generation.OperatorName; operator != "" {
		keys[operator] = union(keys)
	}
	for _, each := range users {
		if err := ensureUser(ctx, paths, each, keys[each.Name]); err != nil {
			failures = append(failures, fmt.Errorf("SSH user %s: %w", each.Name, err))
		}
	}
	failures = append(failures, dropUsers(ctx, paths, users), ensureSudo(ctx, users), ensureSSHServer(ctx, paths, generation))
	return errors.Join(failures...)
}

// withOperator adds the one account that all share.
func withOperator(generation Generation) []SSHUser {
	users := generation.SSHUsers
	if generation.OperatorName == "" {
		return users
	}
	return append(slices.Clone(users), SSHUser{Name: generation.OperatorName, Sudo: true})
}

func union(keys map[string][]string) []string {
	var all []string
	for _, each := range keys {
		all = append(all, each...)
	}
	sort.Strings(all)
	return slices.Compact(all)
}

func ensureUser(ctx context.Context, paths Paths, wanted SSHUser, keys []string) error {
	if !userName.MatchString(wanted.Name) {
		return errors.New("no name of a user")
	}
	file := filepath.Join(paths.sshKeys(), wanted.Name)
	_, err := user.Lookup(wanted.Name)
	switch {
	case errors.As(err, new(user.UnknownUserError)):
		_, err = run(ctx, commandBound, "", "useradd", append(ownGroup(wanted.Name), "--create-home", "--groups", userGroup, "--shell", "/bin/bash", "--password", "*", wanted.Name)...)
	case err == nil && !slices.Contains(members(), wanted.Name):
		return errors.New("another account has this name")
	case err == nil:
		err = revive(ctx, file, wanted.Name)
	}
	if err != nil {
		return err
	}
	// Owned by root: a user cannot add a key that a later cycle would not know of.
	_, err = keepFile(file, []byte(strings.Join(append(keys, ""), "\n")), 0o644)
	return err
}

// ownGroup keeps a user out of a group of the system that happens to have the same name.
func ownGroup(name string) []string {
	if _, err := user.LookupGroup(name); err == nil {
		return []string{"--no-user-group", "--gid", "users"}
	}
	return []string{"--user-group"}
}

// revive opens an account that was closed; one with a file of keys never was.
func revive(ctx context.Context, file, name string) error {
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	_, err := run(ctx, commandBound, "", "usermod", "--expiredate", "", name)
	return err
}

// dropUsers closes the accounts of those who are on the list no more. The account and its home stay: a number that is free again would
// give its files to the next one.
func dropUsers(ctx context.Context, paths Paths, wanted []SSHUser) error {
	var failures []error
	for _, name := range members() {
		file := filepath.Join(paths.sshKeys(), name)
		if slices.ContainsFunc(wanted, func(each SSHUser) bool { return each.Name == name }) {
			continue
		}
		if _, err := os.Stat(file); err != nil {
			continue
		}
		_, emptied := keepFile(file, nil, 0o644)
		_, closed := run(ctx, commandBound, "", "usermod", "--expiredate", "1", name)
		// Ends with 1 when there is nothing to end.
		_, _ = run(ctx, commandBound, "", "pkill", "-KILL", "-u", name)
		err := errors.Join(emptied, closed)
		if err == nil {
			// Last: without this file the account counts as closed.
			err = os.Remove(file)
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("SSH user %s: %w", name, err))
		}
	}
	return errors.Join(failures...)
}

// members of our group, from group(5).
func members() []string {
	file, err := os.Open("/etc/group")
	if err != nil {
		return nil
	}
	defer file.Close()
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		if fields := strings.Split(scanner.Text(), ":"); len(fields) == 4 && fields[0] == userGroup && fields[3] != "" {
			return strings.Split(fields[3], ",")
		}
	}
	return nil
}

const sudoers = "/etc/sudoers.d/slipway-vpn"

func ensureSudo(ctx context.Context, users []SSHUser) error {
	if _, err := os.Stat(filepath.Dir(sudoers)); err != nil {
		return ignoreMissing(err)
	}
	text := "# Made by Slipway; changes are overwritten.\n"
	for _, each := range users {
		if each.Sudo && userName.MatchString(each.Name) {
			text += each.Name + " ALL=(ALL:ALL) NOPASSWD:ALL\n"
		}
	}
	_, err := keepFile(sudoers, []byte(text), 0o440)
	return err
}

const sshDropIn = "/etc/ssh/sshd_config.d/10-slipway-vpn.conf"

// ensureSSHServer has sshd read our keys alone and, so that a host that replaces another is known by the same key, show ours.
func ensureSSHServer(ctx context.Context, paths Paths, generation Generation) error {
	lines := []string{"# Made by Slipway; changes are overwritten.", "AuthorizedKeysFile " + paths.sshKeys() + "/%u", "PasswordAuthentication no",
		"KbdInteractiveAuthentication no", "PermitRootLogin no"}
	if generation.SSHHostKey != "" {
		lines = append(lines, "HostKey "+filepath.Join(paths.current(), "ssh_host_key"))
	}
	text := strings.Join(append(lines, ""), "\n")
	mark := filepath.Join(paths.Volatile, "sshd")
	wanted := hexSum([]byte(text + generation.SSHHostKey))
	before, _ := os.ReadFile(sshDropIn)
	done, _ := os.ReadFile(mark)
	if string(before) == text && string(done) == wanted {
		return nil
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(sshDropIn), 0o755), writeAtomic(sshDropIn, []byte(text), 0o644)); err != nil {
		return err
	}
	// Debian's sshd wants the folder that its unit makes.
	_ = os.MkdirAll("/run/sshd", 0o755)
	if _, err := run(ctx, commandBound, "", "sshd", "-t"); err != nil {
		// A server that would not start again locks everybody out.
		return errors.Join(err, os.WriteFile(sshDropIn, before, 0o644))
	}
	unit := "sshd.service"
	if _, err := run(ctx, commandBound, "", "systemctl", "cat", "ssh.service"); err == nil {
		unit = "ssh.service"
	}
	if _, err := run(ctx, commandBound, "", "systemctl", "try-reload-or-restart", unit); err != nil {
		return err
	}
	return os.WriteFile(mark, []byte(wanted), 0o600)
}
