package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func TestPodTakesTheFlagsOfAManagerOfClusterAPI(t *testing.T) {
	args := strings.Fields("--leader-elect --diagnostics-address=127.0.0.1:1 --insecure-diagnostics=true --kubeconfig=k --webhook-port=7 --webhook-cert-dir=c " +
		"--health-addr=127.0.0.1:2 --kube-api-qps=500 --kube-api-burst=1000 --sync-period=1m --v=4 --feature-gates=ClusterTopology=true,MachinePool=false")
	options, err := parsePodFlags(args, environment(map[string]string{cloudFileVariable: "cloud.json"}))
	must(t, err)
	spec := options.spec
	if !filepath.IsAbs(options.cloudFile) || !filepath.IsAbs(spec.Kubeconfig) || !filepath.IsAbs(spec.WebhookCertDir) {
		t.Errorf("a path is not absolute: %+v", options)
	}
	if options.healthAddr != "127.0.0.1:2" || spec.WebhookPort != 7 || spec.QPS != 500 || spec.Burst != 1000 || spec.SyncPeriodMs != 60_000 || spec.Verbosity != 4 {
		t.Errorf("got %+v", options)
	}
	if len(spec.FeatureGates) != 2 || !spec.FeatureGates["ClusterTopology"] || spec.FeatureGates["MachinePool"] {
		t.Errorf("feature gates %v", spec.FeatureGates)
	}
}

func TestPodSaysWhatIsMissing(t *testing.T) {
	for want, env := range map[string]map[string]string{
		cloudFileVariable: {"KUBECONFIG": "k"},
		"KUBECONFIG":      {cloudFileVariable: "f"},
	} {
		if _, err := parsePodFlags(nil, environment(env)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("without %s: %v", want, err)
		}
	}
	if _, err := parsePodFlags([]string{"--no-such-flag"}, environment(nil)); err == nil {
		t.Error("an unknown flag was taken")
	}
}
