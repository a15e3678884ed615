package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestFenceWaitsForWritesUnderWayAndRefusesNewOnes(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(arrived)
			<-release
		}
	}))
	defer server.Close()
	fence := newFence()
	client := &http.Client{Transport: fence.transport(http.DefaultTransport)}
	done := make(chan error, 1)
	go func() {
		request, _ := http.NewRequestWithContext(context.Background(), http.MethodPatch, server.URL+"/slow", nil)
		response, err := client.Do(request)
		if err == nil {
			err = response.Body.Close()
		}
		done <- err
	}()
	<-arrived
	fence.close()
	if fence.drain(time.Millisecond) {
		t.Fatal("drained while a write was under way")
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodGet} {
		request, _ := http.NewRequestWithContext(context.Background(), method, server.URL, nil)
		if _, err := client.Do(request); !errors.Is(err, errFenced) {
			t.Errorf("%s through a closed fence: %v", method, err)
		}
	}
	close(release)
	if err := <-done; err != nil {
		t.Errorf("the write under way was cut off: %v", err)
	}
	if !fence.drain(time.Minute) {
		t.Error("not drained though nothing is under way")
	}
	fence.close()
}
