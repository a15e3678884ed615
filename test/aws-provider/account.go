package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"
)

// account asks the test bed. What AWS' SDK does is done here too: a throttled call is repeated, a broken connection is.
type account struct {
	endpoint   string
	key        string
	region     string
	maxRetries int
	http       *http.Client
}

type ask struct {
	Operation string `json:"operation"`
	Type      string `json:"type"`
	ID        string `json:"id,omitempty"`
	Region    string `json:"region,omitempty"`
	// What is planned (unknown left out) or, for data, configured.
	Attributes map[string]any `json:"attributes,omitempty"`
	Prior      map[string]any `json:"prior,omitempty"`
}

type answer struct {
	State map[string]any `json:"state"`
	// Milliseconds until what was asked is done; asked again with Operation "wait".
	PendingMs int     `json:"pendingMs"`
	Failure   *apiErr `json:"error"`
	// Ends this process: before, after.
	Crash string `json:"crash"`
}

type apiErr struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	Service   string `json:"service"`
	Action    string `json:"action"`
	Label     string `json:"label"`
	Status    int    `json:"status"`
	RequestID string `json:"requestId"`
}

func (e *apiErr) Error() string {
	return fmt.Sprintf("operation error %s: %s, https response error StatusCode: %d, RequestID: %s, api error %s: %s",
		e.Service, e.Action, e.Status, e.RequestID, e.Code, e.Message)
}

var errNotFound = errors.New("not found")

func (a *account) call(ctx context.Context, request ask) (*answer, error) {
	if request.Region == "" {
		request.Region = a.region
	}
	for attempt := 0; ; attempt++ {
		result, err := a.once(ctx, request)
		if err != nil || result.Failure == nil || !repeatable(result.Failure.Code) {
			return result, err
		}
		if attempt >= a.maxRetries {
			result.Failure.Message = fmt.Sprintf("exceeded maximum number of attempts, %d, %s", a.maxRetries, result.Failure.Message)
			return result, nil
		}
		if !pause(ctx, time.Duration(min(5<<min(attempt, 6), 200))*time.Millisecond) {
			return nil, ctx.Err()
		}
	}
}

func repeatable(code string) bool {
	return strings.Contains(code, "Throttl") || code == "RequestLimitExceeded" || code == "InternalError"
}

func pause(ctx context.Context, duration time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(duration):
		return true
	}
}

func (a *account) once(ctx context.Context, request ask) (*answer, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, a.endpoint+"/_provider", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	post.Header.Set("content-type", "application/json")
	post.Header.Set("x-access-key", a.key)
	response, err := a.http.Do(post)
	if err != nil {
		return nil, fmt.Errorf("request send failed: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("response broke off: %w", err)
	}
	if response.StatusCode == http.StatusNotFound {
		return nil, errNotFound
	}
	var result answer
	if err := json.Unmarshal(text, &result); err != nil {
		return nil, fmt.Errorf("the bed answered %d: %s", response.StatusCode, text)
	}
	if result.Crash != "" {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	return &result, nil
}

// await asks until what is under way is done, as the provider's waiters do.
func (a *account) await(ctx context.Context, request ask, first *answer) (*answer, error) {
	result := first
	for result.Failure == nil && result.PendingMs > 0 {
		if !pause(ctx, time.Duration(min(result.PendingMs, 1000))*time.Millisecond) {
			return result, ctx.Err()
		}
		next, err := a.call(ctx, ask{Operation: "wait", Type: request.Type, ID: request.ID, Region: request.Region})
		if err != nil {
			return result, err
		}
		result = next
	}
	return result, nil
}
