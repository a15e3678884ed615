package main

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"sort"
	"strconv"
)

// control is the cloud's own HTTP endpoint: attachments of managers, the oracle, faults on demand.
func (c *cloud) control() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("POST /v1/managers/{id}", c.serveAttachment)
	routes.HandleFunc("DELETE /v1/managers/{id}", func(w http.ResponseWriter, r *http.Request) {
		c.detach(r.PathValue("id"))
		w.WriteHeader(http.StatusOK)
	})
	routes.HandleFunc("GET /v1/state", func(w http.ResponseWriter, _ *http.Request) { answer(w, c.describe()) })
	routes.HandleFunc("GET /v1/events", func(w http.ResponseWriter, r *http.Request) {
		after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
		answer(w, c.oracle.eventsAfter(after))
	})
	routes.HandleFunc("POST /v1/endpoints/{namespace}/{name}/stop", c.serveFault(c.endpoints.stop))
	routes.HandleFunc("POST /v1/endpoints/{namespace}/{name}/start", c.serveFault(c.endpoints.start))
	return c.guarded(routes)
}

func (c *cloud) guarded(next http.Handler) http.Handler {
	want := []byte("Bearer " + c.token)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), want) != 1 {
			http.Error(w, "not permitted", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (c *cloud) serveFault(act func(cluster string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		cluster := r.PathValue("namespace") + "/" + r.PathValue("name")
		if c.endpoints.mux.GetCluster(cluster) == nil {
			http.Error(w, "no cluster "+cluster, http.StatusNotFound)
			return
		}
		if err := act(cluster); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}
}

type managerState struct {
	ID     string `json:"id"`
	Server string `json:"server"`
	State  string `json:"state"`
}

type cloudState struct {
	PID       int             `json:"pid"`
	Epoch     int64           `json:"epoch"`
	LastSeq   int64           `json:"lastSeq"`
	Machines  []machineState  `json:"machines"`
	Managers  []managerState  `json:"managers"`
	Endpoints []endpointState `json:"endpoints"`
}

func (c *cloud) describe() cloudState {
	machines, epoch, lastSeq := c.oracle.existing()
	c.mu.Lock()
	managers := []managerState{}
	for _, m := range c.managers {
		managers = append(managers, managerState{m.id, m.server, m.current()})
	}
	c.mu.Unlock()
	sort.Slice(managers, func(i, j int) bool { return managers[i].Server < managers[j].Server })
	return cloudState{os.Getpid(), epoch, lastSeq, machines, managers, c.endpoints.list()}
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

// serveAttachment runs a manager while the connection stands: whatever ends the pod process, also SIGKILL, ends the manager.
func (c *cloud) serveAttachment(w http.ResponseWriter, r *http.Request) {
	var spec managerSpec
	if err := json.NewDecoder(r.Body).Decode(&spec); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	m, err := c.attach(r.Context(), r.PathValue("id"), spec)
	if err != nil {
		status := http.StatusUnprocessableEntity
		if errors.Is(err, errBusy) || errors.Is(err, errDetached) {
			status = http.StatusConflict
		}
		http.Error(w, err.Error(), status)
		return
	}
	stream := newsStream{json.NewEncoder(w), http.NewResponseController(w)}
	stream.send(managerNews{ID: m.id, State: stateStarting})
	for {
		select {
		case line := <-m.logs:
			stream.send(managerNews{Log: line})
		case news := <-m.states:
			stream.send(news)
		case <-r.Context().Done():
			m.stop(managerNews{State: stateStopped, Message: "its pod process went away"})
			<-m.done
			return
		case <-m.done:
			stream.drain(m.logs)
			stream.send(m.end)
			return
		}
	}
}

type newsStream struct {
	encoder *json.Encoder
	control *http.ResponseController
}

// send ignores a reader that went away: the context of its request tells.
func (s newsStream) send(news managerNews) {
	if s.encoder.Encode(news) == nil {
		_ = s.control.Flush()
	}
}

func (s newsStream) drain(logs <-chan string) {
	for {
		select {
		case line := <-logs:
			s.send(managerNews{Log: line})
		default:
			return
		}
	}
}
