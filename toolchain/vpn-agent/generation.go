package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"time"
)

// File is a program or package in the store; Digest is the SHA-256 of its bytes.
type File struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
}

// SSHUser is a person who may log in.
type SSHUser struct {
	Name        string   `json:"name"`
	Keys        []string `json:"keys"`
	KeyURLs     []string `json:"keyUrls"`
	FetchedKeys []string `json:"fetchedKeys"`
	Sudo        bool     `json:"sudo"`
}

// Generation is all that a host needs; src/vpn/generation.ts makes it.
type Generation struct {
	Version   int    `json:"version"`
	Revision  int64  `json:"revision"`
	Network   string `json:"network"`
	Authority string `json:"authority"`
	Server    struct {
		Certificate string `json:"certificate"`
		Key         string `json:"key"`
	} `json:"server"`
	ChannelKey     string   `json:"channelKey"`
	RevocationList string   `json:"revocationList"`
	Clients        []string `json:"clients"`
	Revoked        []struct {
		Serial string `json:"serial"`
		Name   string `json:"name"`
	} `json:"revoked"`
	ServerConfig string          `json:"serverConfig"`
	ClientsCidr  string          `json:"clientsCidr"`
	SSHHostKey   string          `json:"sshHostKey"`
	SSHUsers     []SSHUser       `json:"sshUsers"`
	OperatorName string          `json:"operatorName"`
	Agents       map[string]File `json:"agents"`
	Packages     []File          `json:"packages"`
}

// Pointer says which generation is current.
type Pointer struct {
	Version  int    `json:"version"`
	Revision int64  `json:"revision"`
	Digest   string `json:"digest"`
}

var (
	clientName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$`)
	digestText = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// parseGeneration refuses whatever would leave a host worse off than it is: a key that does not fit, a list that is not the authority's.
// What has ended is taken all the same: then at least SSH goes on.
func parseGeneration(body []byte, pointer Pointer) (Generation, error) {
	var generation Generation
	if hexSum(body) != pointer.Digest {
		return generation, errors.New("its bytes are not those of its name")
	}
	if err := json.Unmarshal(body, &generation); err != nil {
		return generation, err
	}
	if generation.Version != 1 || generation.Revision != pointer.Revision {
		return generation, fmt.Errorf("version %d, revision %d instead of %d", generation.Version, generation.Revision, pointer.Revision)
	}
	return generation, generation.check()
}

func (generation Generation) check() error {
	authority, err := parseCertificate(generation.Authority)
	if err != nil {
		return fmt.Errorf("authority: %w", err)
	}
	if _, err := tls.X509KeyPair([]byte(generation.Server.Certificate), []byte(generation.Server.Key)); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	server, err := parseCertificate(generation.Server.Certificate)
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	if err := server.CheckSignatureFrom(authority); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	if _, err := generation.revocations(); err != nil {
		return fmt.Errorf("revocation list: %w", err)
	}
	for _, name := range generation.Clients {
		if !clientName.MatchString(name) {
			return fmt.Errorf("client %q", name)
		}
	}
	if !bytes.Contains([]byte(generation.ChannelKey), []byte("OpenVPN Static key V1")) || generation.ServerConfig == "" {
		return errors.New("channel key or configuration are missing")
	}
	return nil
}

// revocations gives the list after its signature was checked.
func (generation Generation) revocations() (*x509.RevocationList, error) {
	authority, err := parseCertificate(generation.Authority)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode([]byte(generation.RevocationList))
	if block == nil {
		return nil, errors.New("it is no PEM")
	}
	list, err := x509.ParseRevocationList(block.Bytes)
	if err != nil {
		return nil, err
	}
	return list, list.CheckSignatureFrom(authority)
}

// ends tells what of the generation in use ends soon or has ended.
func (generation Generation) ends(now time.Time) []string {
	var problems []string
	tell := func(what string, from, until time.Time) {
		if left := until.Sub(now); left < until.Sub(from)/6 {
			problems = append(problems, fmt.Sprintf("the %s ends %s: run slipway up", what, until.UTC().Format(time.DateTime)))
		}
	}
	if server, err := parseCertificate(generation.Server.Certificate); err == nil {
		tell("server certificate", server.NotBefore, server.NotAfter)
	}
	if list, err := generation.revocations(); err == nil {
		tell("revocation list", list.ThisUpdate, list.NextUpdate)
	}
	return problems
}

func parseCertificate(text string) (*x509.Certificate, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("it is no PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}

// restartDigest covers what OpenVPN reads at its start only; the rest it reads for each connection.
func (generation Generation) restartDigest() string {
	text, _ := json.Marshal([]string{generation.Authority, generation.Server.Certificate, generation.Server.Key, generation.ChannelKey, generation.ServerConfig})
	return hexSum(text)
}
