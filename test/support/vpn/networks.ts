/**
 * Networks of a test, each a network namespace of its own: `internet` routes between this machine (where the instance services answer),
 * VPN clients and hosts, and gives hosts their fixed addresses by stateless address translation, as a cloud does; `vpc` is private.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

export interface Networks {
  /** This machine, as hosts and clients see it. */
  readonly here: string;
  /** Address in the VPC that answers HTTP. */
  readonly inside: string;
  readonly vpcCidr: string;
  /** Addresses that can be associated, by allocation. */
  readonly fixed: Readonly<Record<string, string>>;
  namespace(name: string): string;
  addClient(name: string): void;
  addHost(name: string, index: number): HostLink;
  associate(allocation: string, hostAddress: string): void;
  close(): void;
}

export interface HostLink {
  readonly namespace: string;
  /** Its own on the side of the internet. */
  readonly address: string;
  remove(): void;
}

// Where Debian keeps what administrators run; not in the PATH of every shell.
process.env['PATH'] = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

const sh = (command: string): string => execFileSync('sh', ['-ec', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Why networks cannot be made here, or undefined. */
export function whyNoNetworks(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces want root';
  return existsSync('/usr/sbin/ip') || existsSync('/sbin/ip') ? undefined : 'ip is not installed (package iproute2)';
}

/** Of a run of the same test that was killed. */
function removeLeftovers(id: string): void {
  const names = sh('ip netns list')
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '');
  for (const name of names) if (name.startsWith(`sv${id}-`)) sh(`ip netns del ${name}`);
  sh(`ip link del svh${id} 2>/dev/null || true`);
}

/** `id` tells the networks of tests apart: letters and digits, at most 4; `net` is a number from 0 to 255 of its own. */
export function createNetworks(id: string, net: number): Networks {
  removeLeftovers(id);
  const made: string[] = [];
  const namespace = (name: string): string => `sv${id}-${name}`;
  const add = (name: string): string => {
    sh(`ip netns add ${namespace(name)}; ip -n ${namespace(name)} link set lo up`);
    made.push(namespace(name));
    return namespace(name);
  };
  const associations = new Map<string, string>();
  const here = `100.64.${net}.1`;
  const internet = add('inet');
  const vpc = add('vpc');
  // 198.18.0.0/15 and 100.64.0.0/10 are nobody's on the real internet (RFC 2544, RFC 6598).
  const fixed = { 'eipalloc-0': `198.18.${net}.10`, 'eipalloc-1': `198.18.${net}.11` };
  sh(`
    ip link add svh${id} type veth peer name uplink netns ${internet}
    ip addr add ${here}/30 dev svh${id}; ip link set svh${id} up
    ip -n ${internet} addr add 100.64.${net}.2/30 dev uplink; ip -n ${internet} link set uplink up
    ip netns exec ${internet} sysctl -qw net.ipv4.ip_forward=1
    ip route add 198.18.${net}.0/24 via 100.64.${net}.2
    ip route add 198.19.${net}.0/24 via 100.64.${net}.2
    ip -n ${internet} route add default via ${here}
    ip netns exec ${internet} nft -f - <<END
table ip cloud {
  map in { type ipv4_addr : ipv4_addr; }
  map out { type ipv4_addr : ipv4_addr; }
  chain arrive { type filter hook prerouting priority -300; ip daddr set ip daddr map @in; }
  chain leave { type filter hook postrouting priority 300; ip daddr != ${here} ip saddr set ip saddr map @out; }
}
END
    ip -n ${vpc} link add vpc type bridge; ip -n ${vpc} addr add 10.99.0.5/24 dev vpc; ip -n ${vpc} link set vpc up`);
  return {
    ...{ here, fixed, namespace, inside: '10.99.0.5', vpcCidr: '10.99.0.0/24' },
    addClient: (name) => {
      const client = add(name);
      const index = made.length;
      sh(`
        ip link add net netns ${client} type veth peer name c${index} netns ${internet}
        ip -n ${client} addr add 198.19.${net}.${index * 4 + 2}/30 dev net; ip -n ${client} link set net up
        ip -n ${internet} addr add 198.19.${net}.${index * 4 + 1}/30 dev c${index}; ip -n ${internet} link set c${index} up
        ip -n ${client} route add default via 198.19.${net}.${index * 4 + 1}`);
    },
    addHost: (name, index) => {
      const host = add(name);
      const address = `198.18.${net}.${128 + index * 4 + 2}`;
      sh(`
        ip link add pub netns ${host} type veth peer name h${index} netns ${internet}
        ip link add prv netns ${host} type veth peer name h${index} netns ${vpc}
        ip -n ${host} addr add ${address}/30 dev pub; ip -n ${host} link set pub up
        ip -n ${internet} addr add 198.18.${net}.${128 + index * 4 + 1}/30 dev h${index}; ip -n ${internet} link set h${index} up
        ip -n ${host} route add default via 198.18.${net}.${128 + index * 4 + 1}
        ip -n ${host} addr add 10.99.0.${10 + index}/24 dev prv; ip -n ${host} link set prv up
        ip -n ${vpc} link set h${index} master vpc; ip -n ${vpc} link set h${index} up`);
      return { namespace: host, address, remove: () => void sh(`ip netns del ${host}`) };
    },
    associate: (allocation, hostAddress) => {
      const address = fixed[allocation as keyof typeof fixed];
      for (const [other, host] of associations) if (host === hostAddress) associations.delete(other);
      associations.set(address, hostAddress);
      const elements = (pairs: readonly (readonly [string, string])[]): string => pairs.map((pair) => pair.join(' : ')).join(', ');
      const pairs = [...associations];
      sh(`ip netns exec ${internet} nft -f - <<END
flush map ip cloud in
flush map ip cloud out
add element ip cloud in { ${elements(pairs)} }
add element ip cloud out { ${elements(pairs.map(([a, b]) => [b, a]))} }
END`);
    },
    close: () => {
      for (const name of made) sh(`ip netns del ${name} 2>/dev/null || true`);
      sh(`ip link del svh${id} 2>/dev/null || true`);
    },
  };
}
