package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"reflect"
	"sort"
	"strings"
	"sync"
	"unsafe"

	inmemoryruntime "sigs.k8s.io/cluster-api/test/infrastructure/inmemory/pkg/runtime"
	inmemoryserver "sigs.k8s.io/cluster-api/test/infrastructure/inmemory/pkg/server"
)

const loopback = "127.0.0.1"

// Below the range from which kernels hand out ports for outgoing connections.
const (
	minEndpointPort = 20000
	maxEndpointPort = 32000
)

// endpoints are the fake API servers of the clusters, each on a loopback port of its own that it keeps for life. The mux of
// Cluster API would listen on all interfaces, on ports it does not try: here every listener is made before the mux would make one, and
// put where it looks for one. Those fields are not exported, so they are reached by reflection, which the
// pinned version allows for (`newEndpoints` refuses any other shape at once).
type endpoints struct {
	mux    *inmemoryserver.WorkloadClustersMux
	oracle *oracle

	mu sync.Mutex
	// Ports that objects ask for, by cluster; they win over what the oracle remembers.
	wanted map[string]int32

	server    *http.Server
	muxLock   *sync.RWMutex
	listeners listenerField
}

func newEndpoints(manager inmemoryruntime.Manager, oracle *oracle) (*endpoints, error) {
	// The mux serves its debug pages to every interface and takes no for an answer only as a port: any port, closed at once.
	mux, err := inmemoryserver.NewWorkloadClustersMux(manager, loopback, inmemoryserver.CustomPorts{MinPort: minEndpointPort, MaxPort: maxEndpointPort, DebugPort: 0})
	if err != nil {
		return nil, err
	}
	e := &endpoints{mux: mux, oracle: oracle, wanted: map[string]int32{}}
	debug, err := fieldOf[http.Server](mux, "debugServer")
	if err != nil {
		return nil, err
	}
	if err := debug.Close(); err != nil {
		return nil, err
	}
	if e.server, err = fieldOf[http.Server](mux, "muxServer"); err != nil {
		return nil, err
	}
	if e.muxLock, err = fieldOf[sync.RWMutex](mux, "lock"); err != nil {
		return nil, err
	}
	e.listeners, err = newListenerField()
	return e, err
}

// want tells which port the objects of a cluster ask for.
func (e *endpoints) want(cluster string, port int32) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.wanted[cluster] = port
}

// prepare gives the cluster its port before the reconciler asks the mux for one.
func (e *endpoints) prepare(cluster string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	port := e.wanted[cluster]
	delete(e.wanted, cluster)
	if e.mux.GetCluster(cluster) != nil {
		return
	}
	if port == 0 {
		port = e.oracle.portOf(cluster)
	}
	if port == 0 {
		port = e.choosePort()
	}
	listener, err := e.mux.InitWorkloadClusterListener(cluster, port)
	if err == nil {
		err = e.oracle.takePort(cluster, listener.Port())
	}
	if err != nil {
		fatal(err)
	}
}

// choosePort begins anywhere, so that clouds side by side seldom meet.
func (e *endpoints) choosePort() int32 {
	const size = maxEndpointPort - minEndpointPort
	first := rand.Int32N(size)
	for i := range int32(size) {
		port := minEndpointPort + (first+i)%size
		if !e.oracle.isPortTaken(port) && isFree(port) {
			return port
		}
	}
	fatal(fmt.Errorf("no free port between %d and %d", minEndpointPort, maxEndpointPort))
	return 0
}

func isFree(port int32) bool {
	listener, err := net.Listen("tcp", address(port))
	if err != nil {
		return false
	}
	return listener.Close() == nil
}

func address(port int32) string { return fmt.Sprintf("%s:%d", loopback, port) }

// open makes the endpoint listen, unless it does, was told to stop, or is not known yet.
func (e *endpoints) open(cluster, apiServer string) error {
	if e.mux.HasAPIServer(cluster, apiServer) {
		return nil
	}
	return e.start(cluster)
}

// start makes the endpoint listen on loopback; safe to call again.
func (e *endpoints) start(cluster string) error {
	if e.mux.GetCluster(cluster) == nil {
		return nil
	}
	known, err := e.mux.InitWorkloadClusterListener(cluster, 0)
	if err != nil {
		return err
	}
	e.muxLock.Lock()
	defer e.muxLock.Unlock()
	if e.listeners.isSet(known) {
		return nil
	}
	listener, err := net.Listen("tcp", address(known.Port()))
	if err != nil {
		return err
	}
	tracking := e.listeners.set(known, listener)
	go func() {
		// Ends with the listener; the mux closes that one as it would its own.
		_ = e.server.ServeTLS(tracking, "", "")
	}()
	return nil
}

// stop closes the listener and every connection of the endpoint: a fault.
func (e *endpoints) stop(cluster string) error { return e.mux.StopListener(cluster) }

type endpointState struct {
	Cluster   string `json:"cluster"`
	Port      int32  `json:"port"`
	Listening bool   `json:"listening"`
}

func (e *endpoints) list() []endpointState {
	states := []endpointState{}
	for cluster := range e.mux.ListListeners() {
		if info := e.mux.GetCluster(cluster); info != nil {
			states = append(states, endpointState{cluster, info.Port, info.ListenerActive})
		}
	}
	sort.Slice(states, func(i, j int) bool { return strings.Compare(states[i].Cluster, states[j].Cluster) < 0 })
	return states
}

// fieldOf points to an unexported field of a struct, if it has the type that is expected.
func fieldOf[T any](owner any, name string) (*T, error) {
	field := reflect.ValueOf(owner).Elem().FieldByName(name)
	if !field.IsValid() || field.Type() != reflect.TypeFor[T]() {
		return nil, fmt.Errorf("%T has no %s of type %s: not the version this was written for", owner, name, reflect.TypeFor[T]())
	}
	return (*T)(unsafe.Pointer(field.UnsafeAddr())), nil
}

// listenerField is the mux's own kind of listener (it knows its connections, to cut them off), `WorkloadClusterListener.listener`.
type listenerField struct{ pointer reflect.Type }

func newListenerField() (listenerField, error) {
	field, ok := reflect.TypeFor[inmemoryserver.WorkloadClusterListener]().FieldByName("listener")
	if !ok || field.Type.Kind() != reflect.Pointer || !field.Type.Implements(reflect.TypeFor[net.Listener]()) {
		return listenerField{}, fmt.Errorf("the endpoints of Cluster API's in-memory server have no listener that is known: not the version this was written for")
	}
	inner, ok := field.Type.Elem().FieldByName("Listener")
	if !ok || inner.Type != reflect.TypeFor[net.Listener]() {
		return listenerField{}, fmt.Errorf("%s wraps no net.Listener: not the version this was written for", field.Type)
	}
	conns, ok := field.Type.Elem().FieldByName("conns")
	if !ok || conns.Type != reflect.TypeFor[map[net.Conn]struct{}]() {
		return listenerField{}, fmt.Errorf("%s knows no connections: not the version this was written for", field.Type)
	}
	return listenerField{pointer: field.Type}, nil
}

func (l listenerField) of(known *inmemoryserver.WorkloadClusterListener) reflect.Value {
	field := reflect.ValueOf(known).Elem().FieldByName("listener")
	return reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem()
}

func (l listenerField) isSet(known *inmemoryserver.WorkloadClusterListener) bool {
	return !l.of(known).IsNil()
}

func (l listenerField) set(known *inmemoryserver.WorkloadClusterListener, listener net.Listener) net.Listener {
	made := reflect.New(l.pointer.Elem())
	made.Elem().FieldByName("Listener").Set(reflect.ValueOf(listener))
	conns := made.Elem().FieldByName("conns")
	reflect.NewAt(conns.Type(), unsafe.Pointer(conns.UnsafeAddr())).Elem().Set(reflect.MakeMap(conns.Type()))
	l.of(known).Set(made)
	return made.Interface().(net.Listener)
}
