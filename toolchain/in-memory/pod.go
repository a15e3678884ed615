package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

const retryPause = 200 * time.Millisecond

// pod is the process that stands for the provider's pod: it holds the attachment, answers probes, and prints the manager's log.
type pod struct {
	options podOptions
	id      string
	client  *http.Client

	mu     sync.Mutex
	ready  bool
	reason string
}

func runPod(args []string) error {
	options, err := parsePodFlags(args, os.Getenv)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	// No proxy, no bound: the answer lasts as long as the manager.
	transport := &http.Transport{DialContext: (&net.Dialer{Timeout: 2 * time.Second}).DialContext}
	p := &pod{options: options, client: &http.Client{Transport: transport}, reason: "not attached to the in-memory cloud yet"}
	if options.healthAddr != "" && options.healthAddr != "0" {
		if err := p.serveHealth(); err != nil {
			return err
		}
	}
	return p.run(ctx)
}

// run stays attached until it is told to end, and ends only when the cloud said that nothing of the manager runs any more.
func (p *pod) run(ctx context.Context) error {
	for {
		p.id = rand.Text()
		end, err := p.attach(ctx)
		p.set(false, "the manager does not run")
		if ctx.Err() != nil {
			p.detach()
			return nil
		}
		switch {
		case end.State == stateFailed:
			return errors.New(end.Message)
		case end.State == stateSuperseded:
			p.options.spec.Yielding = true
		case err != nil:
			p.set(false, err.Error())
		}
		pause(ctx, retryPause)
	}
}

func pause(ctx context.Context, duration time.Duration) {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// attach lasts as long as the manager runs and gives the cloud's last word about it. When the process is to end, it returns
// without waiting; `detach` waits.
func (p *pod) attach(ctx context.Context) (managerNews, error) {
	body, err := json.Marshal(p.options.spec)
	if err != nil {
		return managerNews{}, err
	}
	response, err := p.ask(ctx, http.MethodPost, body)
	if err != nil {
		return managerNews{}, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return refusal(response)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	last := managerNews{}
	for lines.Scan() {
		var news managerNews
		if err := json.Unmarshal(lines.Bytes(), &news); err != nil {
			return last, err
		}
		if news.Log != "" {
			fmt.Fprintln(os.Stderr, news.Log)
			continue
		}
		last = news
		p.set(news.State == stateReady, news.State+" "+news.Message)
	}
	return last, lines.Err()
}

// refusal: what cannot become better by waiting ends the process with the reason.
func refusal(response *http.Response) (managerNews, error) {
	text, _ := io.ReadAll(io.LimitReader(response.Body, 4096))
	reason := string(bytes.TrimSpace(text))
	if response.StatusCode == http.StatusUnprocessableEntity || response.StatusCode == http.StatusBadRequest {
		return managerNews{State: stateFailed, Message: reason}, nil
	}
	return managerNews{}, fmt.Errorf("the in-memory cloud answers %d: %s", response.StatusCode, reason)
}

// detach returns when the cloud has confirmed the end of the manager, or is gone itself and the manager with it.
func (p *pod) detach() {
	response, err := p.ask(context.Background(), http.MethodDelete, nil)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
}

// ask reads the cloud file anew each time: a cloud that was restarted has another one.
func (p *pod) ask(ctx context.Context, method string, body []byte) (*http.Response, error) {
	file, err := readCloudFile(p.options.cloudFile)
	if err != nil {
		return nil, fmt.Errorf("the in-memory cloud has not said where it is: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, method, fmt.Sprintf("http://%s/v1/managers/%s", file.Address, p.id), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+file.Token)
	return p.client.Do(request)
}

func (p *pod) set(ready bool, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !ready && reason != p.reason {
		fmt.Fprintf(os.Stderr, "manager: %s\n", reason)
	}
	p.ready, p.reason = ready, reason
}

func (p *pod) serveHealth() error {
	listener, err := net.Listen("tcp", p.options.healthAddr)
	if err != nil {
		return err
	}
	routes := http.NewServeMux()
	routes.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	routes.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		p.mu.Lock()
		ready, reason := p.ready, p.reason
		p.mu.Unlock()
		if !ready {
			http.Error(w, "[-]manager failed: "+reason, http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ok")
	})
	go func() { _ = http.Serve(listener, routes) }()
	return nil
}
