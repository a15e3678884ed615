module slipway.dev/toolchain/vpn-agent

go 1.26.0
