package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Config is what cloud-init wrote; it holds no secret and nothing that changes in the life of a host.
type Config struct {
	Bucket string `json:"bucket"`
	Region string `json:"region"`
	// Before all keys, "" or "vpn/".
	Prefix string `json:"prefix"`
	// Name of this host; a host that replaces another one has the same.
	Host string `json:"host"`
	// Of the fixed address; empty: none is taken.
	AllocationID string `json:"allocationId"`
	Endpoints    struct {
		S3   string `json:"s3"`
		EC2  string `json:"ec2"`
		IMDS string `json:"imds"`
	} `json:"endpoints"`
}

const configFile = "/etc/slipway-vpn/agent.json"

func readConfig(path string) (Config, error) {
	var config Config
	text, err := os.ReadFile(path)
	if err != nil {
		return config, err
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return config, fmt.Errorf("%s: %w", path, err)
	}
	if config.Bucket == "" || config.Region == "" || config.Host == "" || strings.ContainsAny(config.Host, "/\\ ") {
		return config, fmt.Errorf("%s names no bucket, region or host", path)
	}
	suffix := "amazonaws.com"
	if strings.HasPrefix(config.Region, "cn-") {
		suffix = "amazonaws.com.cn"
	}
	fallback(&config.Endpoints.IMDS, "http://169.254.169.254")
	fallback(&config.Endpoints.EC2, fmt.Sprintf("https://ec2.%s.%s", config.Region, suffix))
	// A bucket with dots in its name has no certificate of its own.
	if strings.Contains(config.Bucket, ".") {
		fallback(&config.Endpoints.S3, fmt.Sprintf("https://s3.%s.%s", config.Region, suffix))
	}
	if config.Endpoints.S3 == "" {
		config.Endpoints.S3 = fmt.Sprintf("https://%s.s3.%s.%s", config.Bucket, config.Region, suffix)
	} else {
		config.Endpoints.S3 = strings.TrimSuffix(config.Endpoints.S3, "/") + "/" + config.Bucket
	}
	return config, nil
}

func fallback(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

// Paths on the host. The volatile ones are gone after a boot, and then what they stand for is done again.
type Paths struct {
	// Generations, the link to the current one, keys of SSH users.
	State string
	// Marks of what was done since the boot.
	Volatile string
}

var hostPaths = Paths{State: "/var/lib/slipway-vpn", Volatile: "/run/slipway-vpn-agent"}

func (paths Paths) current() string     { return filepath.Join(paths.State, "current") }
func (paths Paths) generations() string { return filepath.Join(paths.State, "generations") }
func (paths Paths) sshKeys() string     { return filepath.Join(paths.State, "ssh") }
func (paths Paths) fetched() string     { return filepath.Join(paths.State, "fetched") }
func (paths Paths) packages() string    { return filepath.Join(paths.State, "packages") }

const (
	cycleBound   = 5 * time.Minute
	commandBound = 60 * time.Second
	installBound = 4 * time.Minute
	requestBound = 20 * time.Second
	forgeBound   = 10 * time.Second
)
