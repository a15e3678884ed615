/**
 * A VPN whose hosts can be lost: all that makes it this VPN (authority, server key, revocations, users) lies in an object store, and
 * whatever host is started next takes it from there. Knows OpenVPN's and sshd's files and the store's layout; knows no cloud, no tofu,
 * no Kubernetes. Invariants: the identity is one object, changed by conditional writes only; what hosts read is immutable but for one
 * pointer; a client's private key is never stored.
 */

/** A person who may log in to the hosts; each is a system user of its own. */
export interface SshUser {
  /** Name of the system user. */
  readonly name: string;
  /** Public keys, as in authorized_keys. */
  readonly keys: readonly string[];
  /** Where further keys are fetched, one on each line: `https://github.com/USER.keys`. */
  readonly keyUrls: readonly string[];
  /** May become root. */
  readonly sudo: boolean;
}

/** What the project says about a VPN; recorded beside the identity, so that client verbs need the store alone. */
export interface VpnSettings {
  /** The network's name; it is in the subjects of all certificates. */
  readonly name: string;
  /** Where clients find the hosts: addresses or DNS names, tried in random order. */
  readonly endpoints: readonly string[];
  readonly port: number;
  readonly protocol: 'udp' | 'tcp';
  /** Clients get addresses from here; IPv4, /16 to /29. */
  readonly clientsCidr: string;
  /** Networks behind the hosts that clients reach through them. */
  readonly routes: readonly string[];
  /** Resolvers for clients, usually the VPC's address + 2. */
  readonly dnsServers: readonly string[];
  readonly sshUsers: readonly SshUser[];
  /** One more account that all SSH users share; none when absent. */
  readonly operatorName?: string;
  readonly lives?: VpnLives;
}

/** How long things are good for, in ms; the defaults suit everybody but tests. */
export interface VpnLives {
  readonly authorityMs?: number;
  readonly serverMs?: number;
  readonly clientMs?: number;
  readonly revocationListMs?: number;
}

/** A program or package that hosts take from the store; `digest` is the SHA-256 of its bytes, lower-case hex. */
export interface HostFile {
  /** `vpn-agent`, `openvpn_2.6.14_amd64.deb`. */
  readonly name: string;
  readonly digest: string;
}

/** What a host runs beside the identity. */
export interface HostSoftware {
  /** One program for each architecture of hosts, as Go names it: `amd64`, `arm64`. */
  readonly agents: Readonly<Record<string, HostFile>>;
  /** Installed in this order where openvpn is missing; none: the host's own package mirror is asked. */
  readonly packages: readonly HostFile[];
}
