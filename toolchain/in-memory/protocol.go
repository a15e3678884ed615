package main

// cloudFile says where a cloud is and lets its readers in.
type cloudFile struct {
	Address string `json:"address"`
	Token   string `json:"token"`
}

// managerSpec is what a pod process asks the cloud to run. Paths are absolute: both run on one host.
type managerSpec struct {
	Kubeconfig      string            `json:"kubeconfig"`
	Namespace       string            `json:"namespace,omitempty"`
	WatchFilter     string            `json:"watchFilter,omitempty"`
	WebhookPort     int               `json:"webhookPort"`
	WebhookCertDir  string            `json:"webhookCertDir"`
	WebhookCertName string            `json:"webhookCertName"`
	WebhookKeyName  string            `json:"webhookKeyName"`
	FeatureGates    map[string]bool   `json:"featureGates,omitempty"`
	SyncPeriodMs    int64             `json:"syncPeriodMs"`
	QPS             float32           `json:"qps"`
	Burst           int               `json:"burst"`
	Concurrency     managerConcurrent `json:"concurrency"`
	Verbosity       int               `json:"verbosity"`
	// Yielding attaches only if no other manager runs for this API server; without it the newer takes over.
	Yielding bool `json:"yielding,omitempty"`
}

type managerConcurrent struct {
	Cluster int `json:"cluster"`
	Machine int `json:"machine"`
}

// States of a manager, as told to its pod process.
const (
	stateStarting   = "starting"
	stateReady      = "ready"
	stateStopping   = "stopping"
	stateStopped    = "stopped"
	stateFailed     = "failed"
	stateSuperseded = "superseded"
)

// managerNews is one line of the answer to an attachment.
type managerNews struct {
	ID      string `json:"id,omitempty"`
	State   string `json:"state,omitempty"`
	Message string `json:"message,omitempty"`
	Log     string `json:"log,omitempty"`
}
