package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/component-base/featuregate"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"sigs.k8s.io/cluster-api/feature"
	inmemoryruntime "sigs.k8s.io/cluster-api/test/infrastructure/inmemory/pkg/runtime"
)

// shared is what all managers work on.
type shared struct {
	memory    inmemoryruntime.Manager
	oracle    *oracle
	endpoints *endpoints
}

// cloud holds the managers, one at a time for each API server.
type cloud struct {
	*shared
	token string

	mu       sync.Mutex
	managers map[string]*manager // by API server
	// Attachments that were detached, perhaps before they arrived.
	detached map[string]bool
	closed   bool
}

func runCloud(args []string) error {
	flags := pflag.NewFlagSet("cloud", pflag.ContinueOnError)
	path := flags.String("cloud-file", "", "Where to write how the cloud is reached; its records lie beside it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *path == "" {
		return errors.New("--cloud-file is missing")
	}
	logToStderr()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	lock, err := lockFile(*path + ".lock")
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	c, err := newCloud(ctx, strings.TrimSuffix(*path, ".json")+".events.ndjson")
	if err != nil {
		return err
	}
	return c.serve(ctx, *path)
}

func newCloud(ctx context.Context, eventsFile string) (*cloud, error) {
	oracle, err := openOracle(eventsFile)
	if err != nil {
		return nil, err
	}
	memory := inmemoryruntime.NewManager(cloudScheme())
	if err := memory.Start(ctrl.LoggerInto(context.WithoutCancel(ctx), klog.Background())); err != nil {
		return nil, err
	}
	endpoints, err := newEndpoints(memory, oracle)
	if err != nil {
		return nil, err
	}
	token := make([]byte, 32)
	if _, err := rand.Read(token); err != nil {
		return nil, err
	}
	return &cloud{
		shared:   &shared{memory: memory, oracle: oracle, endpoints: endpoints},
		token:    hex.EncodeToString(token),
		managers: map[string]*manager{},
		detached: map[string]bool{},
	}, nil
}

// serve answers until the context ends; then every manager is stopped before it returns.
func (c *cloud) serve(ctx context.Context, path string) error {
	listener, err := listenWhereBefore(path)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: c.control()}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	if err := writeCloudFile(path, cloudFile{Address: listener.Addr().String(), Token: c.token}); err != nil {
		return err
	}
	klog.InfoS("The in-memory cloud serves", "address", listener.Addr().String())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	c.stopAll()
	return server.Close()
}

// The one before may be on its way out still.
const (
	lockTries = 20
	lockPause = 100 * time.Millisecond
)

// lockFile holds a lock that the kernel frees with the process: two clouds over one file would both think they are the only one.
func lockFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for tries := lockTries; ; tries-- {
		if err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			return file, nil
		}
		if tries == 0 {
			_ = file.Close()
			return nil, fmt.Errorf("another in-memory cloud has %s: %w", path, err)
		}
		pause(context.Background(), lockPause)
	}
}

func listenWhereBefore(path string) (net.Listener, error) {
	if before, err := readCloudFile(path); err == nil {
		if listener, err := net.Listen("tcp", before.Address); err == nil {
			return listener, nil
		}
	}
	return net.Listen("tcp", loopback+":0")
}

func readCloudFile(path string) (cloudFile, error) {
	var file cloudFile
	data, err := os.ReadFile(path)
	if err != nil {
		return file, err
	}
	return file, json.Unmarshal(data, &file)
}

func writeCloudFile(path string, file cloudFile) error {
	data, err := json.Marshal(file)
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".cloud-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }()
	if _, err := temporary.Write(data); err != nil {
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

var (
	errBusy     = errors.New("another manager runs for this API server")
	errDetached = errors.New("this attachment was ended before it began")
)

// attach makes the one manager of an API server. A newer one takes over from an older one, whose reconcilers have all
// returned by then; a yielding one gives way.
func (c *cloud) attach(ctx context.Context, id string, spec managerSpec) (*manager, error) {
	server, err := serverOf(spec)
	if err != nil {
		return nil, err
	}
	for {
		mine, other, err := c.claim(id, server, spec)
		if mine != nil || err != nil {
			return mine, err
		}
		if spec.Yielding {
			return nil, errBusy
		}
		other.stop(managerNews{State: stateSuperseded, Message: "a newer manager took over"})
		select {
		case <-other.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (c *cloud) claim(id, server string, spec managerSpec) (mine, other *manager, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.detached[id] {
		return nil, nil, errDetached
	}
	if other := c.managers[server]; other != nil {
		return nil, other, nil
	}
	if err := c.agreeOnGates(spec.FeatureGates); err != nil {
		return nil, nil, err
	}
	if err := c.oracle.record(event{Type: eventManagerStarted, Manager: server}); err != nil {
		fatal(err)
	}
	mine = newManager(id, server)
	var ctx context.Context
	ctx, mine.cancel = context.WithCancel(context.Background())
	c.managers[server] = mine
	go c.keep(ctx, mine, spec)
	return mine, nil, nil
}

// agreeOnGates sets feature gates, which are global: managers side by side must want the same. What is not wanted either way
// has its default, whatever a manager before wanted.
func (c *cloud) agreeOnGates(wanted map[string]bool) error {
	effective, known := map[string]bool{}, feature.MutableGates.GetAll()
	for gate, spec := range known {
		if gate != "AllAlpha" && gate != "AllBeta" && spec.PreRelease != featuregate.GA {
			effective[string(gate)] = spec.Default
		}
	}
	for gate, value := range wanted {
		if _, found := known[featuregate.Feature(gate)]; !found {
			return fmt.Errorf("unknown feature gate %s", gate)
		}
		effective[gate] = value
	}
	if len(c.managers) == 0 {
		return feature.MutableGates.SetFromMap(effective)
	}
	for gate := range known {
		if value, ours := effective[string(gate)]; ours && feature.Gates.Enabled(gate) != value {
			return fmt.Errorf("feature gate %s=%t differs from that of another manager in the same cloud", gate, value)
		}
	}
	return nil
}

// keep runs a manager to its end and then forgets it.
func (c *cloud) keep(ctx context.Context, m *manager, spec managerSpec) {
	err := m.run(ctx, spec, c.shared)
	// A manager that ended by itself is fenced too: a goroutine of it may have been left behind.
	news := managerNews{State: stateFailed, Message: "the manager ended by itself"}
	if err != nil {
		news.Message = err.Error()
	}
	m.stop(news)
	m.fence.drain(drainBound)
	if err := c.oracle.record(event{Type: eventManagerStopped, Manager: m.server}); err != nil {
		fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.managers, m.server)
	close(m.done)
}

// detach ends an attachment and returns when nothing of its manager runs any more, or will.
func (c *cloud) detach(id string) {
	c.mu.Lock()
	c.detached[id] = true
	var found *manager
	for _, m := range c.managers {
		if m.id == id {
			found = m
		}
	}
	c.mu.Unlock()
	if found != nil {
		found.stop(managerNews{State: stateStopped})
		<-found.done
	}
}

func (c *cloud) stopAll() {
	c.mu.Lock()
	c.closed = true
	running := []*manager{}
	for _, m := range c.managers {
		running = append(running, m)
	}
	c.mu.Unlock()
	for _, m := range running {
		m.stop(managerNews{State: stateStopping, Message: "the in-memory cloud ends"})
	}
	for _, m := range running {
		<-m.done
	}
}
