package main

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func mustOpen(t *testing.T, path string) *oracle {
	t.Helper()
	o, err := openOracle(path)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func told(o *oracle) []string {
	lines := []string{}
	for _, e := range o.eventsAfter(0) {
		lines = append(lines, e.Type+" "+e.Cluster+" "+e.Machine)
	}
	return lines
}

func TestOracleTellsWhatIsNewFromWhatComesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events")
	first := mustOpen(t, path)
	must(t, first.clusterSeen("default/shop", "a"))
	must(t, first.clusterSeen("default/shop", "a"))
	must(t, first.takePort("default/shop", 20001))
	must(t, first.machineMade("default/shop", "one", "a"))
	must(t, first.machineMade("default/shop", "two", "a"))
	must(t, first.machineGone("default/shop", "two", "a"))
	must(t, first.machineGone("default/shop", "two", "a"))

	second := mustOpen(t, path)
	machines, epoch, _ := second.existing()
	if len(machines) != 1 || machines[0].Name != "one" || machines[0].Present || epoch != 2 {
		t.Errorf("after a restart: %+v, epoch %d", machines, epoch)
	}
	if port := second.portOf("default/shop"); port != 20001 {
		t.Errorf("port %d was not kept", port)
	}
	must(t, second.clusterSeen("default/shop", "b"))
	must(t, second.machineMade("default/shop", "one", "b"))
	must(t, second.machineMade("default/shop", "two", "b"))
	must(t, second.clusterGone("default/shop", "b"))
	want := []string{
		"cloud.started  ", "cluster.created default/shop ", "endpoint.assigned default/shop ", "machine.created default/shop one",
		"machine.created default/shop two", "machine.deleted default/shop two", "cloud.started  ", "cluster.restored default/shop ",
		"machine.restored default/shop one", "machine.created default/shop two", "machine.deleted default/shop one",
		"machine.deleted default/shop two", "cluster.deleted default/shop ",
	}
	if got := told(second); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
	if second.portOf("default/shop") != 0 {
		t.Error("the port of a deleted cluster is still taken")
	}
}

func TestOracleDropsALineThatAKillCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events")
	must(t, mustOpen(t, path).machineMade("default/shop", "one", "a"))
	data, err := os.ReadFile(path)
	must(t, err)
	for cut := 1; cut < 40; cut++ {
		must(t, os.WriteFile(path, data[:len(data)-cut], 0o600))
		o := mustOpen(t, path)
		must(t, o.machineMade("default/shop", "one", "a"))
		if got := told(mustOpen(t, path))[:3]; !reflect.DeepEqual(got, []string{"cloud.started  ", "cloud.started  ", "machine.created default/shop one"}) {
			t.Fatalf("%d bytes cut off: %q", cut, got)
		}
	}
	must(t, os.WriteFile(path, append([]byte("nonsense\n"), data...), 0o600))
	if _, err := openOracle(path); err == nil {
		t.Error("a damaged record was read as if it were whole")
	}
}

func TestOracleGivesEventsAfterANumber(t *testing.T) {
	o := mustOpen(t, filepath.Join(t.TempDir(), "events"))
	must(t, o.machineMade("default/shop", "one", "a"))
	for after, want := range map[int64]int{-1: 2, 0: 2, 1: 1, 2: 0, 99: 0} {
		if got := len(o.eventsAfter(after)); got != want {
			t.Errorf("after %d: %d events, not %d", after, got, want)
		}
	}
}
