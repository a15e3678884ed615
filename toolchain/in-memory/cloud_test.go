package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func newTestCloud(t *testing.T) *cloud {
	t.Helper()
	c, err := newCloud(context.Background(), filepath.Join(t.TempDir(), "events"))
	must(t, err)
	return c
}

func TestControlAnswersOnlyWithTheToken(t *testing.T) {
	c := newTestCloud(t)
	for token, want := range map[string]int{"": http.StatusUnauthorized, "Bearer x": http.StatusUnauthorized, "Bearer " + c.token: http.StatusOK} {
		request := httptest.NewRequest(http.MethodGet, "/v1/state", nil)
		request.Header.Set("Authorization", token)
		recorder := httptest.NewRecorder()
		c.control().ServeHTTP(recorder, request)
		if recorder.Code != want {
			t.Errorf("%q: %d, not %d", token, recorder.Code, want)
		}
	}
}

func TestFeatureGatesAreOneForAllManagersAndFreeAgainAfterThem(t *testing.T) {
	c := newTestCloud(t)
	must(t, c.agreeOnGates(map[string]bool{"ClusterTopology": true, "MachinePool": true}))
	c.managers["https://a"] = newManager("1", "https://a")
	must(t, c.agreeOnGates(map[string]bool{"ClusterTopology": true}))
	if err := c.agreeOnGates(map[string]bool{"ClusterTopology": true, "MachinePool": false}); err == nil || !strings.Contains(err.Error(), "MachinePool=false") {
		t.Errorf("two managers that want different gates: %v", err)
	}
	if err := c.agreeOnGates(map[string]bool{"ClusterTopologie": true}); err == nil || !strings.Contains(err.Error(), "ClusterTopologie") {
		t.Errorf("an unknown gate: %v", err)
	}
	delete(c.managers, "https://a")
	must(t, c.agreeOnGates(map[string]bool{"MachinePool": false}))
}

func TestAnAttachmentThatWasEndedBeforeItArrivedIsRefused(t *testing.T) {
	c := newTestCloud(t)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, os.WriteFile(kubeconfig, []byte(`{"clusters":[{"name":"c","cluster":{"server":"https://127.0.0.1:1"}}],"contexts":[{"name":"c","context":{"cluster":"c"}}],"current-context":"c"}`), 0o600))
	c.detach("late")
	if _, err := c.attach(context.Background(), "late", managerSpec{Kubeconfig: kubeconfig}); !errors.Is(err, errDetached) {
		t.Errorf("got %v", err)
	}
}

func TestOnlyOneCloudHasAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := lockFile(path)
	must(t, err)
	if _, err := lockFile(path); err == nil {
		t.Error("a second cloud got the same file")
	}
	must(t, first.Close())
	second, err := lockFile(path)
	must(t, err)
	must(t, second.Close())
}

func TestCloudComesBackToItsAddress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.json")
	first, err := listenWhereBefore(path)
	must(t, err)
	must(t, writeCloudFile(path, cloudFile{Address: first.Addr().String(), Token: "t"}))
	if other, err := listenWhereBefore(path); err != nil || other.Addr().String() == first.Addr().String() {
		t.Errorf("while the address is taken: %v", err)
	}
	must(t, first.Close())
	again, err := listenWhereBefore(path)
	must(t, err)
	if again.Addr().String() != first.Addr().String() {
		t.Errorf("came back on %s, not %s", again.Addr(), first.Addr())
	}
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("others can read the token: %v", info.Mode())
	}
}
