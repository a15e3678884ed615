package main

import (
	"context"
	"errors"
	"path/filepath"
)

// Where the agent lives; the units name it.
const agentBinary = "/usr/local/lib/slipway-vpn/agent"

const unitDir = "/etc/systemd/system"

var units = map[string]string{
	"slipway-vpn-agent.service": `# Made by Slipway; changes are overwritten.
[Unit]
Description=Slipway VPN agent: identity, users and revocations as the store has them
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart=` + agentBinary + ` sync
TimeoutStartSec=6min
`,
	"slipway-vpn-agent.timer": `# Made by Slipway; changes are overwritten.
[Unit]
Description=Slipway VPN agent, every minute

[Timer]
OnBootSec=0
OnUnitInactiveSec=50s
RandomizedDelaySec=10s
AccuracySec=1s

[Install]
WantedBy=timers.target
`,
	// Started by the agent alone, once there is a generation.
	vpnUnit: `# Made by Slipway; changes are overwritten.
[Unit]
Description=OpenVPN for the clients of this network
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart=/usr/sbin/openvpn --suppress-timestamps --config /var/lib/slipway-vpn/current/server.conf
RuntimeDirectory=slipway-vpn
RuntimeDirectoryMode=0700
Restart=always
RestartSec=2
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_BIND_SERVICE
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
DevicePolicy=closed
DeviceAllow=/dev/net/tun rw
`,
}

// ensureUnits keeps our units as this agent knows them.
func ensureUnits(ctx context.Context) error {
	changed := false
	for name, text := range units {
		wrote, err := keepFile(filepath.Join(unitDir, name), []byte(text), 0o644)
		if err != nil {
			return err
		}
		changed = changed || wrote
	}
	if !changed {
		return nil
	}
	_, err := run(ctx, commandBound, "", "systemctl", "daemon-reload")
	return err
}

// setUp is what the boot calls once, after it has fetched this very program.
func setUp(ctx context.Context) error {
	if err := ensureUnits(ctx); err != nil {
		return err
	}
	_, enabled := run(ctx, commandBound, "", "systemctl", "enable", "--now", "slipway-vpn-agent.timer")
	// Not waited for: a cycle may take longer than a boot has patience.
	_, started := run(ctx, commandBound, "", "systemctl", "start", "--no-block", "slipway-vpn-agent.service")
	return errors.Join(enabled, started)
}
