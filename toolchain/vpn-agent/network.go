package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

const vpnDevice = "tun-slipway"

// ensureNetwork lets clients through, under the host's own address: no route in the cloud needs to know them. Link-local addresses, the
// instance's metadata among them, are not theirs to ask.
func ensureNetwork(ctx context.Context, paths Paths, generation Generation) error {
	clients, err := netip.ParsePrefix(generation.ClientsCidr)
	if err != nil {
		return err
	}
	forwarding := "/proc/sys/net/ipv4/ip_forward"
	if text, err := os.ReadFile(forwarding); err != nil || strings.TrimSpace(string(text)) != "1" {
		if err := os.WriteFile(forwarding, []byte("1\n"), 0o644); err != nil {
			return err
		}
	}
	rules := networkRules(clients)
	mark := filepath.Join(paths.Volatile, "network")
	held, _ := os.ReadFile(mark)
	if _, err := run(ctx, commandBound, "", "nft", "list", "table", "ip", "slipway_vpn"); err == nil && string(held) == hexSum([]byte(rules)) {
		return nil
	}
	if _, err := run(ctx, commandBound, rules, "nft", "-f", "-"); err != nil {
		return err
	}
	return os.WriteFile(mark, []byte(hexSum([]byte(rules))), 0o600)
}

// networkRules replace the table in one transaction (nft(8)): the first line makes the second one succeed.
func networkRules(clients netip.Prefix) string {
	return fmt.Sprintf(`table ip slipway_vpn {}
delete table ip slipway_vpn
table ip slipway_vpn {
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "%[1]s" ip saddr != %[2]s drop
    iifname "%[1]s" ip daddr 169.254.0.0/16 drop
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr %[2]s oifname != "%[1]s" masquerade
  }
}
`, vpnDevice, clients)
}
