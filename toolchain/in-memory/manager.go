package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/cluster-api/controllers/clustercache"
	"sigs.k8s.io/cluster-api/controllers/remote"
	"sigs.k8s.io/cluster-api/test/infrastructure/container"
	infrav1 "sigs.k8s.io/cluster-api/test/infrastructure/docker/api/v1beta2"
	"sigs.k8s.io/cluster-api/test/infrastructure/docker/controllers"
	infrawebhooks "sigs.k8s.io/cluster-api/test/infrastructure/docker/webhooks"
)

// drainBound is short of the grace that a process gets before it is killed: by then its end must be confirmed.
const drainBound = 5 * time.Second

// returnBound is how long reconcilers get to return. One that does not is behind the fence: it can no longer do anything.
const returnBound = 20 * time.Second

// manager is the controllers of one API server, in the cloud's process, for as long as its pod process is attached.
type manager struct {
	id     string
	server string
	fence  *fence
	logs   chan string
	states chan managerNews
	// done is closed when nothing of it runs any more.
	done chan struct{}

	cancel context.CancelFunc
	mu     sync.Mutex
	state  string
	// end is what its pod process is told last.
	end managerNews
}

func newManager(id, server string) *manager {
	return &manager{id: id, server: server, fence: newFence(), logs: make(chan string, 4096), states: make(chan managerNews, 16), done: make(chan struct{}), state: stateStarting}
}

func (m *manager) tell(state, message string) {
	m.mu.Lock()
	m.state = state
	m.mu.Unlock()
	m.states <- managerNews{ID: m.id, State: state, Message: message}
}

func (m *manager) current() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

// Write takes a log line for the pod process; one that reads too slowly loses lines, never holds anything up.
func (m *manager) Write(line []byte) (int, error) {
	select {
	case m.logs <- strings.TrimSuffix(string(line), "\n"):
	default:
	}
	return len(line), nil
}

// stop begins the end: nothing new gets out, what is on its way is waited for, then everything is cancelled. `done` follows.
func (m *manager) stop(reason managerNews) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.end.State != "" {
		return
	}
	reason.ID = m.id
	m.end = reason
	m.state = stateStopping
	m.fence.close()
	go func() {
		m.fence.drain(drainBound)
		m.cancel()
	}()
}

// run returns when every reconciler has returned, or had its time for it.
func (m *manager) run(ctx context.Context, spec managerSpec, shared *shared) error {
	logger := podLogger(m, spec.Verbosity)
	ctx = ctrl.LoggerInto(ctx, logger)
	restConfig, err := restConfigOf(spec, m)
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(restConfig, managerOptions(spec, logger))
	if err != nil {
		return err
	}
	if err := setupReconcilers(ctx, mgr, spec, m.worldOf(shared), shared.endpoints); err != nil {
		return err
	}
	if err := setupWebhooks(mgr); err != nil {
		return err
	}
	go func() {
		select {
		case <-mgr.Elected():
			if m.fence.open() {
				m.tell(stateReady, "")
			}
		case <-ctx.Done():
		}
	}()
	return mgr.Start(ctx)
}

func (m *manager) worldOf(shared *shared) *world {
	return &world{Manager: shared.memory, server: m.server, fence: m.fence, oracle: shared.oracle, endpoints: shared.endpoints}
}

// serverOf names an API server: one manager at a time for each.
func serverOf(spec managerSpec) (string, error) {
	restConfig, err := clientcmd.BuildConfigFromFlags("", spec.Kubeconfig)
	if err != nil {
		return "", err
	}
	return restConfig.Host, nil
}

func restConfigOf(spec managerSpec, m *manager) (*rest.Config, error) {
	restConfig, err := clientcmd.BuildConfigFromFlags("", spec.Kubeconfig)
	if err != nil {
		return nil, err
	}
	restConfig.QPS = spec.QPS
	restConfig.Burst = spec.Burst
	restConfig.UserAgent = remote.DefaultClusterAPIUserAgent("slipway-in-memory-provider")
	restConfig.WarningHandler = rest.NewWarningWriter(m, rest.WarningWriterOptions{Deduplicate: true})
	restConfig.Wrap(m.fence.transport)
	return restConfig, nil
}

func managerOptions(spec managerSpec, logger logr.Logger) ctrl.Options {
	var namespaces map[string]cache.Config
	if spec.Namespace != "" {
		namespaces = map[string]cache.Config{spec.Namespace: {}}
	}
	ofClusters, _ := labels.NewRequirement(clusterv1.ClusterNameLabel, selection.Exists, nil)
	return ctrl.Options{
		Logger: logger,
		Scheme: managementScheme(),
		Controller: config.Controller{
			// Stopped at work, the priority queue of controller-runtime 0.24 can lock itself up: its workers wait for it to take
			// back what they had, and it waits for them to take more. A process would end anyway; this one goes on.
			UsePriorityQueue: ptr.To(false),
			CacheSyncTimeout: 5 * time.Minute,
			// Every manager has controllers of the same names; their metrics add up.
			SkipNameValidation: ptr.To(true),
		},
		HealthProbeBindAddress:  "0",
		Metrics:                 metricsserver.Options{BindAddress: "0"},
		GracefulShutdownTimeout: ptr.To(returnBound),
		Cache: cache.Options{
			DefaultNamespaces: namespaces,
			SyncPeriod:        ptr.To(time.Duration(spec.SyncPeriodMs) * time.Millisecond),
			ByObject:          map[client.Object]cache.ByObject{&corev1.Secret{}: {Label: labels.NewSelector().Add(*ofClusters)}},
		},
		Client: client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.ConfigMap{}, &corev1.Secret{}}, Unstructured: true}},
		WebhookServer: webhook.NewServer(webhook.Options{
			Host: loopback, Port: spec.WebhookPort, CertDir: spec.WebhookCertDir, CertName: spec.WebhookCertName, KeyName: spec.WebhookKeyName,
		}),
	}
}

// setupReconcilers has the Dev kinds with their in-memory backend, nothing of docker. The cluster cache would connect to every
// fake API server only to hear of docker machines, so an empty one serves.
func setupReconcilers(ctx context.Context, mgr ctrl.Manager, spec managerSpec, world *world, endpoints *endpoints) error {
	runtime, err := container.NewFakeClient()
	if err != nil {
		return err
	}
	kube := &inMemoryClient{Client: mgr.GetClient(), endpoints: endpoints}
	machines := &controllers.DevMachineReconciler{
		Client:           kube,
		ContainerRuntime: runtime,
		ClusterCache:     clustercache.NewFakeEmptyClusterCache(),
		InMemoryManager:  world,
		APIServerMux:     endpoints.mux,
		WatchFilterValue: spec.WatchFilter,
	}
	if err := machines.SetupWithManager(ctx, mgr, controller.Options{MaxConcurrentReconciles: spec.Concurrency.Machine}); err != nil {
		return fmt.Errorf("DevMachine: %w", err)
	}
	clusters := &controllers.DevClusterReconciler{
		Client:           kube,
		ContainerRuntime: runtime,
		InMemoryManager:  world,
		APIServerMux:     endpoints.mux,
		WatchFilterValue: spec.WatchFilter,
	}
	if err := clusters.SetupWithManager(ctx, mgr, controller.Options{MaxConcurrentReconciles: spec.Concurrency.Cluster}); err != nil {
		return fmt.Errorf("DevCluster: %w", err)
	}
	return nil
}

func setupWebhooks(mgr ctrl.Manager) error {
	for _, setup := range []func(ctrl.Manager) error{
		(&infrawebhooks.DockerMachine{}).SetupWebhookWithManager,
		(&infrawebhooks.DockerMachineTemplate{}).SetupWebhookWithManager,
		(&infrawebhooks.DockerCluster{}).SetupWebhookWithManager,
		(&infrawebhooks.DockerClusterTemplate{}).SetupWebhookWithManager,
		(&infrawebhooks.DevMachine{}).SetupWebhookWithManager,
		(&infrawebhooks.DevMachineTemplate{}).SetupWebhookWithManager,
		(&infrawebhooks.DevCluster{}).SetupWebhookWithManager,
		(&infrawebhooks.DevClusterTemplate{}).SetupWebhookWithManager,
	} {
		if err := setup(mgr); err != nil {
			return err
		}
	}
	return nil
}

// inMemoryClient reads objects as the in-memory backend needs them: a DevCluster without annotations makes it panic (it
// writes into the map it was given), and only here is it seen which port an object asks for before the mux chooses one.
type inMemoryClient struct {
	client.Client
	endpoints *endpoints
}

func (c *inMemoryClient) Get(ctx context.Context, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
	if err := c.Client.Get(ctx, key, obj, opts...); err != nil {
		return err
	}
	switch object := obj.(type) {
	case *infrav1.DevCluster:
		if object.Spec.Backend.InMemory == nil {
			return fmt.Errorf("DevCluster %s has no in-memory backend, and this provider has no other", key)
		}
		if object.Annotations == nil {
			object.Annotations = map[string]string{}
		}
		if cluster := ownerCluster(object); cluster != "" {
			c.endpoints.want(key.Namespace+"/"+cluster, object.Spec.ControlPlaneEndpoint.Port)
		}
	case *infrav1.DevMachine:
		if object.Spec.Backend.InMemory == nil {
			return fmt.Errorf("DevMachine %s has no in-memory backend, and this provider has no other", key)
		}
	}
	return nil
}

func ownerCluster(object client.Object) string {
	for _, owner := range object.GetOwnerReferences() {
		if group, err := schema.ParseGroupVersion(owner.APIVersion); err == nil && owner.Kind == "Cluster" && group.Group == clusterv1.GroupVersion.Group {
			return owner.Name
		}
	}
	return ""
}
