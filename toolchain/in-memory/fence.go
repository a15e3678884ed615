package main

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

var errFenced = errors.New("this manager was stopped")

// fence makes the end of a manager sharp: once closed, nothing of it reaches an API server or the cloud, whatever its
// reconcilers still do. Requests that were on their way when it closed are waited for, not cancelled: a cancelled
// write may still be carried out after its caller was told that all is quiet.
type fence struct {
	mu      sync.Mutex
	closed  bool
	writes  int
	drained chan struct{}
}

func newFence() *fence {
	return &fence{drained: make(chan struct{})}
}

func (f *fence) open() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.closed
}

// enter admits one write; leave must follow.
func (f *fence) enter() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return errFenced
	}
	f.writes++
	return nil
}

func (f *fence) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes--
	if f.closed && f.writes == 0 {
		close(f.drained)
	}
}

// close lets nothing more in; safe to call again.
func (f *fence) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	f.closed = true
	if f.writes == 0 {
		close(f.drained)
	}
}

// drain waits, after close, until no write is under way. False: the bound was reached.
func (f *fence) drain(bound time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), bound)
	defer cancel()
	select {
	case <-f.drained:
		return true
	case <-ctx.Done():
		return false
	}
}

// transport puts the fence before an API server. Reads end with the contexts of their callers; they change nothing.
func (f *fence) transport(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		if request.Method == http.MethodGet || request.Method == http.MethodHead {
			if !f.open() {
				return nil, errFenced
			}
			return next.RoundTrip(request)
		}
		if err := f.enter(); err != nil {
			return nil, err
		}
		defer f.leave()
		return next.RoundTrip(request)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }
