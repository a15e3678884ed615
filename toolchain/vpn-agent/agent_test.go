package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestBucketsAreFoundWhereTheyAre(t *testing.T) {
	for _, each := range []struct{ config, want string }{
		{`{"bucket":"b","region":"eu-west-1","host":"h"}`, "https://b.s3.eu-west-1.amazonaws.com"},
		{`{"bucket":"b.c","region":"eu-west-1","host":"h"}`, "https://s3.eu-west-1.amazonaws.com/b.c"},
		{`{"bucket":"b","region":"cn-north-1","host":"h"}`, "https://b.s3.cn-north-1.amazonaws.com.cn"},
		{`{"bucket":"b","region":"eu-west-1","host":"h","endpoints":{"s3":"http://x:1/"}}`, "http://x:1/b"},
		{`{"bucket":"b","region":"eu-west-1"}`, ""},
		{`{"bucket":"b","region":"eu-west-1","host":"../h"}`, ""},
	} {
		path := filepath.Join(t.TempDir(), "agent.json")
		if err := os.WriteFile(path, []byte(each.config), 0o600); err != nil {
			t.Fatal(err)
		}
		config, err := readConfig(path)
		if (err != nil) != (each.want == "") || (err == nil && config.Endpoints.S3 != each.want) {
			t.Errorf("%s: %s, %v", each.config, config.Endpoints.S3, err)
		}
	}
}

func TestOnlyKeysWithoutOptionsAreAuthorized(t *testing.T) {
	lines := []string{" ssh-ed25519 AAAA jane ", "ssh-ed25519 AAAA jane", `command="id" ssh-ed25519 AAAA`, "<html>", "", "sk-ssh-ed25519@openssh.com BBBB"}
	if got := validKeys(lines); !slices.Equal(got, []string{"ssh-ed25519 AAAA jane", "sk-ssh-ed25519@openssh.com BBBB"}) {
		t.Error(got)
	}
}

func TestAKeyThatForgesServedLastIsKept(t *testing.T) {
	paths := Paths{State: t.TempDir()}
	wanted := SSHUser{Name: "jane", KeyURLs: []string{"http://127.0.0.1:9/jane.keys"}, FetchedKeys: []string{"ssh-ed25519 AAAA"}}
	keys, err := fetchedKeys(t.Context(), paths, wanted)
	if err == nil || !slices.Equal(keys, wanted.FetchedKeys) {
		t.Error(keys, err)
	}
	if err := os.MkdirAll(paths.fetched(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(paths.fetched(), "jane.json"), []byte(`["ssh-ed25519 BBBB"]`), 0o600); err != nil {
		t.Fatal(err)
	}
	if keys, _ := fetchedKeys(t.Context(), paths, wanted); !slices.Equal(keys, []string{"ssh-ed25519 BBBB"}) {
		t.Error(keys)
	}
}

func TestALinkIsSwitchedOverWhatARunThatDiedLeft(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "current")
	for _, step := range []error{os.Symlink("nowhere", link+".next"), switchLink("one", link), switchLink("two", link)} {
		if step != nil {
			t.Fatal(step)
		}
	}
	if target, err := os.Readlink(link); err != nil || target != "two" {
		t.Error(target, err)
	}
}

func TestClientsCannotAskTheHostsNeighbours(t *testing.T) {
	rules := networkRules(netip.MustParsePrefix("10.8.0.0/24"))
	for _, line := range []string{`iifname "tun-slipway" ip daddr 169.254.0.0/16 drop`, `ip saddr 10.8.0.0/24 oifname != "tun-slipway" masquerade`} {
		if !strings.Contains(rules, line) {
			t.Error(line)
		}
	}
}

func TestAWSFaultsAreReadInBothForms(t *testing.T) {
	for body, want := range map[string]string{
		`<Error><Code>AccessDenied</Code><Message>no</Message></Error>`:                                      "AccessDenied: no",
		`<Response><Errors><Error><Code>Throttled</Code><Message>slow</Message></Error></Errors></Response>`: "Throttled: slow",
		`not xml`: "without a reason",
	} {
		if got := awsError([]byte(body)); got != want {
			t.Errorf("%s: %s", body, got)
		}
	}
}
