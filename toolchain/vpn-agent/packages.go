package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// needed on every host: the VPN itself and what rewrites addresses.
var needed = []string{"openvpn", "nft"}

// ensurePackages installs what is missing: packages of the store by digest, or, where the store has none, those of the image's own mirror.
func ensurePackages(ctx context.Context, cloud *Cloud, paths Paths, packages []File) error {
	missing := false
	for _, command := range needed {
		missing = missing || !has(command)
	}
	if !missing {
		return nil
	}
	if len(packages) == 0 {
		return installFromMirror(ctx)
	}
	files, err := fetchPackages(ctx, cloud, paths, packages)
	if err != nil {
		return err
	}
	if strings.HasSuffix(files[0], ".rpm") {
		_, err = run(ctx, installBound, "", "rpm", append([]string{"--upgrade", "--replacepkgs"}, files...)...)
	} else {
		_, err = run(ctx, installBound, "", "dpkg", append([]string{"--install", "--force-confold", "--refuse-downgrade"}, files...)...)
	}
	if err != nil {
		return err
	}
	return os.RemoveAll(paths.packages())
}

func fetchPackages(ctx context.Context, cloud *Cloud, paths Paths, packages []File) ([]string, error) {
	if err := os.MkdirAll(paths.packages(), 0o700); err != nil {
		return nil, err
	}
	var files []string
	for _, each := range packages {
		body, err := fetchFile(ctx, cloud, each)
		if err != nil {
			return nil, err
		}
		path := filepath.Join(paths.packages(), filepath.Base(each.Name))
		if err := os.WriteFile(path, body, 0o600); err != nil {
			return nil, err
		}
		files = append(files, path)
	}
	return files, nil
}

// fetchFile gives the bytes of exactly this digest, or an error.
func fetchFile(ctx context.Context, cloud *Cloud, file File) ([]byte, error) {
	if !digestText.MatchString(file.Digest) {
		return nil, fmt.Errorf("%s has no digest", file.Name)
	}
	body, err := cloud.get(ctx, "hosts/files/"+file.Digest)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file.Name, err)
	}
	if hexSum(body) != file.Digest {
		return nil, fmt.Errorf("%s: its bytes are not those of its digest", file.Name)
	}
	return body, nil
}

func installFromMirror(ctx context.Context) error {
	switch {
	case has("apt-get"):
		_, first := run(ctx, installBound, "", "apt-get", "update", "--quiet")
		_, err := run(ctx, installBound, "", "apt-get", "install", "--yes", "--no-install-recommends", "openvpn", "nftables")
		if err != nil {
			return errors.Join(err, first)
		}
		return nil
	case has("dnf"):
		_, err := run(ctx, installBound, "", "dnf", "install", "--assumeyes", "openvpn", "nftables")
		return err
	}
	return errors.New("openvpn or nft are missing, the store has no packages, and there is neither apt-get nor dnf")
}
