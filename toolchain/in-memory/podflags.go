package main

import (
	"errors"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"
	cliflag "k8s.io/component-base/cli/flag"
)

// cloudFileVariable names the cloud file in the environment of a pod.
const cloudFileVariable = "IN_MEMORY_CLOUD_FILE"

type podOptions struct {
	cloudFile  string
	healthAddr string
	spec       managerSpec
}

// Flags of the stock manager that have no meaning here: leader election is the cloud's (one manager for each API server), there
// is no docker, metrics are not served, and the formats of logs are not ours to choose.
var ignoredFlags = []string{
	"diagnostics-address", "profiler-address", "tls-min-version", "tls-cipher-suites", "logging-format", "vmodule", "log-flush-frequency",
	"leader-elect-lease-duration", "leader-elect-renew-deadline", "leader-elect-retry-period",
	"dockermachine-concurrency", "dockercluster-concurrency", "dockermachinetemplate-concurrency", "dockermachinepool-concurrency",
	"devmachinetemplate-concurrency", "devmachinepool-concurrency", "clustercache-concurrency", "clustercache-client-qps", "clustercache-client-burst",
	"skip-crd-migration-phases",
}

var ignoredSwitches = []string{"leader-elect", "insecure-diagnostics", "contention-profiling"}

func parsePodFlags(args []string, getenv func(string) string) (podOptions, error) {
	flags := pflag.NewFlagSet("in-memory-provider", pflag.ContinueOnError)
	options := podOptions{}
	spec := &options.spec
	gates := cliflag.NewMapStringBool(&spec.FeatureGates)
	flags.StringVar(&options.cloudFile, "cloud-file", getenv(cloudFileVariable), "How the in-memory cloud is reached ("+cloudFileVariable+")")
	flags.StringVar(&options.healthAddr, "health-addr", loopback+":9440", "The address of /healthz and /readyz")
	flags.StringVar(&spec.Kubeconfig, "kubeconfig", getenv("KUBECONFIG"), "The API server whose objects are reconciled (KUBECONFIG)")
	flags.StringVar(&spec.Namespace, "namespace", "", "Only objects of this namespace")
	flags.StringVar(&spec.WatchFilter, "watch-filter", "", "Only objects with this value of the label cluster.x-k8s.io/watch-filter")
	flags.IntVar(&spec.WebhookPort, "webhook-port", 9443, "Port of the webhooks on "+loopback)
	flags.StringVar(&spec.WebhookCertDir, "webhook-cert-dir", "/tmp/k8s-webhook-server/serving-certs/", "Folder of the webhooks' certificate")
	flags.StringVar(&spec.WebhookCertName, "webhook-cert-name", "tls.crt", "File of the webhooks' certificate")
	flags.StringVar(&spec.WebhookKeyName, "webhook-key-name", "tls.key", "File of the webhooks' key")
	flags.Float32Var(&spec.QPS, "kube-api-qps", 100, "Requests a second to the API server")
	flags.IntVar(&spec.Burst, "kube-api-burst", 200, "Requests at once to the API server")
	flags.IntVar(&spec.Concurrency.Machine, "devmachine-concurrency", 50, "DevMachines reconciled at once")
	flags.IntVar(&spec.Concurrency.Cluster, "devcluster-concurrency", 50, "DevClusters reconciled at once")
	flags.IntVarP(&spec.Verbosity, "v", "v", 2, "Verbosity of the log")
	flags.Var(gates, "feature-gates", "Feature gates of Cluster API, the same for all managers of a cloud")
	syncPeriod := flags.Duration("sync-period", 10*time.Minute, "How often everything is reconciled anyway")
	for _, name := range ignoredFlags {
		flags.String(name, "", "Has no meaning here")
	}
	for _, name := range ignoredSwitches {
		flags.Bool(name, false, "Has no meaning here")
	}
	if err := flags.Parse(args); err != nil {
		return options, err
	}
	spec.SyncPeriodMs = syncPeriod.Milliseconds()
	if options.cloudFile == "" {
		return options, errors.New("neither --cloud-file nor " + cloudFileVariable + " says where the in-memory cloud is")
	}
	if spec.Kubeconfig == "" {
		return options, errors.New("neither --kubeconfig nor KUBECONFIG says which API server is meant")
	}
	return options, absolute(&options.cloudFile, &spec.Kubeconfig, &spec.WebhookCertDir)
}

// absolute: the cloud opens these files in another folder.
func absolute(paths ...*string) error {
	for _, path := range paths {
		full, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = full
	}
	return nil
}
