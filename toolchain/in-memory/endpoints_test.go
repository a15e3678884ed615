package main

import (
	"context"
	"crypto/rsa"
	"crypto/tls"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	inmemoryruntime "sigs.k8s.io/cluster-api/test/infrastructure/inmemory/pkg/runtime"
	"sigs.k8s.io/cluster-api/util/certs"
	"sigs.k8s.io/cluster-api/util/secret"
)

func newTestEndpoints(t *testing.T) (*endpoints, *oracle) {
	t.Helper()
	memory := inmemoryruntime.NewManager(cloudScheme())
	must(t, memory.Start(ctrl.LoggerInto(context.Background(), klog.Background())))
	o := mustOpen(t, filepath.Join(t.TempDir(), "events"))
	e, err := newEndpoints(memory, o)
	must(t, err)
	return e, o
}

func TestEndpointListensOnLoopbackAndIsTakenUpByTheMux(t *testing.T) {
	e, _ := newTestEndpoints(t)
	e.prepare("default/shop")
	must(t, e.open("default/shop", "kube-apiserver-one"))
	authority := secret.Certificate{Purpose: secret.ClusterCA}
	must(t, authority.Generate())
	certificate, err := certs.DecodeCertPEM(authority.KeyPair.Cert)
	must(t, err)
	key, err := certs.DecodePrivateKeyPEM(authority.KeyPair.Key)
	must(t, err)
	must(t, e.mux.AddAPIServer("default/shop", "kube-apiserver-one", certificate, key.(*rsa.PrivateKey)))
	port := e.list()[0].Port
	if !e.list()[0].Listening {
		t.Fatal("the mux does not know the listener")
	}
	connection, err := tls.Dial("tcp", address(port), &tls.Config{InsecureSkipVerify: true})
	must(t, err)
	if other := ownAddress(); other != "" {
		if _, err := net.DialTimeout("tcp", net.JoinHostPort(other, strings.TrimPrefix(address(port), loopback+":")), time.Second); err == nil {
			t.Errorf("reached through %s, not only on loopback", other)
		}
	}
	must(t, e.stop("default/shop"))
	if _, err := connection.Read(make([]byte, 1)); err == nil {
		t.Error("a connection outlived its endpoint")
	}
	must(t, e.start("default/shop"))
	must(t, e.start("default/shop"))
	if e.list()[0].Port != port || !e.list()[0].Listening {
		t.Errorf("did not come back where it was: %+v", e.list())
	}
}

// ownAddress is one of this host's addresses that others can reach.
func ownAddress() string {
	addresses, _ := net.InterfaceAddrs()
	for _, a := range addresses {
		if network, ok := a.(*net.IPNet); ok && network.IP.IsGlobalUnicast() && network.IP.To4() != nil {
			return network.IP.String()
		}
	}
	return ""
}

func TestEndpointGetsThePortItHadAndOtherwiseAFreeOne(t *testing.T) {
	e, o := newTestEndpoints(t)
	e.want("default/asked", 20123)
	e.prepare("default/asked")
	must(t, o.takePort("default/remembered", 20124))
	e.prepare("default/remembered")
	e.prepare("default/new")
	e.prepare("default/new")
	ports := map[string]int32{}
	for _, state := range e.list() {
		ports[state.Cluster] = state.Port
	}
	if ports["default/asked"] != 20123 || ports["default/remembered"] != 20124 {
		t.Errorf("ports were not kept: %v", ports)
	}
	if port := ports["default/new"]; port < minEndpointPort || port > maxEndpointPort || port != o.portOf("default/new") {
		t.Errorf("port %d of a new cluster", port)
	}
	must(t, e.open("default/unknown", "kube-apiserver-one"))
}

func TestEndpointNeverChoosesAPortThatIsInUse(t *testing.T) {
	e, _ := newTestEndpoints(t)
	for range 20 {
		port := e.choosePort()
		listener, err := net.Listen("tcp", address(port))
		must(t, err)
		if isFree(port) {
			t.Errorf("port %d seems free while somebody listens", port)
		}
		must(t, listener.Close())
	}
}
