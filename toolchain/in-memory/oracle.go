package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"sync"
	"time"
)

// Types of events; src/capi/in-memory/oracle.ts has the same list.
const (
	eventCloudStarted     = "cloud.started"
	eventManagerStarted   = "manager.started"
	eventManagerStopped   = "manager.stopped"
	eventClusterCreated   = "cluster.created"
	eventClusterRestored  = "cluster.restored"
	eventClusterDeleted   = "cluster.deleted"
	eventMachineCreated   = "machine.created"
	eventMachineRestored  = "machine.restored"
	eventMachineDeleted   = "machine.deleted"
	eventEndpointAssigned = "endpoint.assigned"
)

type event struct {
	Seq     int64  `json:"seq"`
	Time    string `json:"time"`
	Epoch   int64  `json:"epoch"`
	Type    string `json:"type"`
	Cluster string `json:"cluster,omitempty"`
	Machine string `json:"machine,omitempty"`
	Manager string `json:"manager,omitempty"`
	Port    int32  `json:"port,omitempty"`
}

type machineKey struct{ cluster, name string }

type machineFacts struct {
	created event
	present bool
}

// oracle remembers all that ever happened in the cloud, in an append-only file that outlives the process. It tells a machine
// that is made for the first time from one that comes back from its objects after a restart.
type oracle struct {
	mu       sync.Mutex
	file     *os.File
	epoch    int64
	events   []event
	machines map[machineKey]*machineFacts
	clusters map[string]bool // value: present in this epoch
	ports    map[string]int32
}

// openOracle reads what earlier processes wrote. A line that a kill cut off is dropped: its event had not been told to anybody.
func openOracle(path string) (*oracle, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	o := &oracle{file: file, machines: map[machineKey]*machineFacts{}, clusters: map[string]bool{}, ports: map[string]int32{}}
	if err := o.replay(path); err != nil {
		_ = file.Close()
		return nil, err
	}
	for _, facts := range o.machines {
		facts.present = false
	}
	for cluster := range o.clusters {
		o.clusters[cluster] = false
	}
	o.epoch++
	return o, o.record(event{Type: eventCloudStarted})
}

func (o *oracle) replay(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	end := bytes.LastIndexByte(data, '\n') + 1
	if end < len(data) {
		if err := o.file.Truncate(int64(end)); err != nil {
			return err
		}
	}
	for number, line := range bytes.Split(bytes.TrimSuffix(data[:end], []byte("\n")), []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("%s:%d is damaged: %w", path, number+1, err)
		}
		o.fold(e)
	}
	return nil
}

// record appends an event durably enough for a killed process (not for a lost machine) before anybody can see it.
func (o *oracle) record(e event) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.recordLocked(e)
}

func (o *oracle) recordLocked(e event) error {
	e.Seq = int64(len(o.events)) + 1
	e.Epoch = o.epoch
	e.Time = time.Now().UTC().Format(time.RFC3339Nano)
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := o.file.Write(append(line, '\n')); err != nil {
		return err
	}
	o.fold(e)
	return nil
}

func (o *oracle) fold(e event) {
	o.events = append(o.events, e)
	o.epoch = e.Epoch
	switch e.Type {
	case eventClusterCreated, eventClusterRestored:
		o.clusters[e.Cluster] = true
	case eventClusterDeleted:
		delete(o.clusters, e.Cluster)
		delete(o.ports, e.Cluster)
	case eventEndpointAssigned:
		o.ports[e.Cluster] = e.Port
	case eventMachineCreated:
		o.machines[machineKey{e.Cluster, e.Machine}] = &machineFacts{created: e, present: true}
	case eventMachineRestored:
		if facts := o.machines[machineKey{e.Cluster, e.Machine}]; facts != nil {
			facts.present = true
		}
	case eventMachineDeleted:
		delete(o.machines, machineKey{e.Cluster, e.Machine})
	}
}

func (o *oracle) clusterSeen(cluster, manager string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	present, known := o.clusters[cluster]
	if present {
		return nil
	}
	kind := eventClusterCreated
	if known {
		kind = eventClusterRestored
	}
	return o.recordLocked(event{Type: kind, Cluster: cluster, Manager: manager})
}

// clusterGone records the end of a cluster and of every machine that went with it.
func (o *oracle) clusterGone(cluster, manager string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, known := o.clusters[cluster]; !known {
		return nil
	}
	for _, name := range o.machinesOfLocked(cluster) {
		if err := o.recordLocked(event{Type: eventMachineDeleted, Cluster: cluster, Machine: name, Manager: manager}); err != nil {
			return err
		}
	}
	return o.recordLocked(event{Type: eventClusterDeleted, Cluster: cluster, Manager: manager})
}

func (o *oracle) machinesOfLocked(cluster string) []string {
	names := []string{}
	for key := range o.machines {
		if key.cluster == cluster {
			names = append(names, key.name)
		}
	}
	sort.Strings(names)
	return names
}

func (o *oracle) machineMade(cluster, name, manager string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	kind := eventMachineCreated
	if facts := o.machines[machineKey{cluster, name}]; facts != nil {
		kind = eventMachineRestored
	}
	return o.recordLocked(event{Type: kind, Cluster: cluster, Machine: name, Manager: manager})
}

// machineGone records a deletion once; a machine that was not restored yet can be deleted too.
func (o *oracle) machineGone(cluster, name, manager string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.machines[machineKey{cluster, name}] == nil {
		return nil
	}
	return o.recordLocked(event{Type: eventMachineDeleted, Cluster: cluster, Machine: name, Manager: manager})
}

// portOf is the port that a cluster's endpoint has, or had before the cloud was restarted; 0: none.
func (o *oracle) portOf(cluster string) int32 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ports[cluster]
}

func (o *oracle) takePort(cluster string, port int32) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ports[cluster] == port {
		return nil
	}
	return o.recordLocked(event{Type: eventEndpointAssigned, Cluster: cluster, Port: port})
}

func (o *oracle) isPortTaken(port int32) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, taken := range o.ports {
		if taken == port {
			return true
		}
	}
	return false
}

// eventsAfter gives events with a higher number.
func (o *oracle) eventsAfter(seq int64) []event {
	o.mu.Lock()
	defer o.mu.Unlock()
	if seq < 0 || seq >= int64(len(o.events)) {
		seq = min(max(seq, 0), int64(len(o.events)))
	}
	return append([]event{}, o.events[seq:]...)
}

type machineState struct {
	Cluster    string `json:"cluster"`
	Name       string `json:"name"`
	CreatedSeq int64  `json:"createdSeq"`
	CreatedAt  string `json:"createdAt"`
	Present    bool   `json:"present"`
}

// existing lists the machines that were made and not deleted.
func (o *oracle) existing() (machines []machineState, epoch, lastSeq int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	machines = []machineState{}
	for key, facts := range o.machines {
		machines = append(machines, machineState{key.cluster, key.name, facts.created.Seq, facts.created.Time, facts.present})
	}
	sort.Slice(machines, func(i, j int) bool { return machines[i].CreatedSeq < machines[j].CreatedSeq })
	return machines, o.epoch, int64(len(o.events))
}
