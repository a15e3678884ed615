/** A network as the rest of Slipway sees it: defaults filled in, subnets cut, durations in ms, references typed. Plain data. */
import { resolve } from 'node:path';
import { parseDuration } from '../core/duration.ts';
import type { SourcePosition } from '../core/errors.ts';
import { cutSubnets } from './cidr.ts';
import type { Unit } from './document.ts';
import type { FlowLogsSpec, NetworkDocument, NetworkSpec } from './kinds/network.ts';
import type { SshUserSpec, VpnSpec } from './kinds/vpn.ts';
import { type ResolvedAwsAccount, resolveAwsAccount } from './resolved-aws.ts';
import { type ResolvedHook, resolveHooks } from './resolved-hooks.ts';
import { demand, Resolver } from './resolver.ts';

export interface ResolvedSshUser {
  readonly name: string;
  readonly keys: readonly string[];
  /** https:// addresses that give further keys, one on each line. */
  readonly keyUrls: readonly string[];
  readonly sudo: boolean;
}

export interface ResolvedVpn {
  /** At least 1. */
  readonly instances: number;
  readonly port: number;
  readonly protocol: 'udp' | 'tcp';
  readonly instanceType: string;
  readonly diskSize: number;
  /** Undefined: the newest Ubuntu LTS at the time a host is launched. */
  readonly imageId: string | undefined;
  readonly clientsCidr: string;
  readonly operatorName: string;
  /** In the order of the file. */
  readonly sshUsers: readonly ResolvedSshUser[];
  readonly operatorCidrs: readonly string[];
  readonly clientSourceCidrs: readonly string[];
  readonly routes: readonly string[];
  /** Undefined: the network's own resolver. */
  readonly dnsServers: readonly string[] | undefined;
  readonly lifetimes: { readonly serverMs: number; readonly clientMs: number; readonly revocationListMs: number };
  /** Absolute paths, in the order in which hosts install them. */
  readonly packages: readonly string[];
  /** Undefined: made from project and network, with a random end. */
  readonly bucketName: string | undefined;
}

export interface ResolvedNetwork {
  readonly name: string;
  /** `Network/main` */
  readonly subject: string;
  readonly at: SourcePosition;
  /** The document's spec as written, defaults filled in. */
  readonly spec: NetworkSpec;
  /** Documents whose outputs this one needs: `Cluster/mgmt`. */
  readonly needs: readonly string[];
  readonly hooks: readonly ResolvedHook[];
  readonly provider: 'aws';
  readonly aws: ResolvedAwsAccount & {
    readonly endpoints: readonly string[];
    readonly flowLogs: FlowLogsSpec | undefined;
    /** Clusters whose name the subnets are tagged with: those named, and those of the project in this network. */
    readonly clusterNames: readonly string[];
  };
  readonly cidr: string;
  readonly additionalCidrs: readonly string[];
  /** Undefined: the first `zoneCount` zones of the region. */
  readonly availabilityZones: readonly string[] | undefined;
  readonly zoneCount: number;
  /** One for each zone, in the order of the zones; public ones may be absent altogether. */
  readonly publicSubnets: readonly string[];
  readonly privateSubnets: readonly string[];
  readonly natGateways: 'none' | 'single' | 'perZone';
  readonly tags: Readonly<Record<string, string>>;
  /** Undefined: none is wanted. */
  readonly vpn: ResolvedVpn | undefined;
}

export interface NetworkSurroundings {
  readonly needs: readonly string[];
  /** Clusters of the project that stand in this network. */
  readonly clusterNames: readonly string[];
}

/** @throws Error when called for a document that was not found valid before. */
export function resolveNetwork(document: NetworkDocument, unit: Unit, { needs, clusterNames }: NetworkSurroundings): ResolvedNetwork {
  const { spec } = document;
  const make = new Resolver(unit);
  const { cidr, additionalCidrs, natGateways, tags } = spec;
  return {
    ...{ cidr, additionalCidrs, natGateways, tags, needs, spec, provider: 'aws' },
    name: document.metadata.name,
    subject: unit.subject,
    at: unit.document.locate(['metadata', 'name']),
    hooks: resolveHooks(spec.hooks, make),
    aws: {
      ...resolveAwsAccount(spec.aws),
      endpoints: spec.aws.endpoints,
      flowLogs: spec.aws.flowLogs,
      clusterNames: [...new Set([...spec.aws.clusterNames, ...clusterNames])],
    },
    availabilityZones: spec.availabilityZones,
    ...layOutSubnets(spec),
    vpn: spec.vpn && spec.vpn.instances > 0 ? resolveVpn(spec.vpn, unit.document.folder) : undefined,
  };
}

const DEFAULT_ZONES = 3;

export interface SubnetLayout {
  readonly zoneCount: number;
  readonly publicSubnets: readonly string[];
  readonly privateSubnets: readonly string[];
}

type SubnetFields = Pick<NetworkSpec, 'cidr'> & Partial<Pick<NetworkSpec, 'availabilityZones' | 'publicSubnets' | 'privateSubnets'>>;

/** Private subnets get the lower half of the network, public ones the lower half of what is left; a quarter stays free. */
export function layOutSubnets({ cidr, availabilityZones, publicSubnets, privateSubnets }: SubnetFields): SubnetLayout {
  const zoneCount = availabilityZones?.length ?? privateSubnets?.length ?? publicSubnets?.length ?? DEFAULT_ZONES;
  return {
    zoneCount,
    privateSubnets: privateSubnets ?? demand(cutSubnets(cidr, { part: 'lowerHalf', count: zoneCount })),
    publicSubnets: publicSubnets ?? demand(cutSubnets(cidr, { part: 'thirdQuarter', count: zoneCount })),
  };
}

function resolveVpn({ certificates, sshUsers, imageId, bucketName, dnsServers, packages, ...rest }: VpnSpec, folder: string): ResolvedVpn {
  return {
    ...rest,
    ...{ imageId, bucketName, dnsServers },
    packages: packages.map((path) => resolve(folder, path)),
    sshUsers: Object.entries(sshUsers).map(([name, user]) => resolveUser(name, user)),
    lifetimes: {
      serverMs: demand(parseDuration(certificates.server)),
      clientMs: demand(parseDuration(certificates.client)),
      revocationListMs: demand(parseDuration(certificates.revocationList)),
    },
  };
}

/** Both forges give a user's public keys at a well-known address. */
function resolveUser(name: string, { keys, github, gitlab, url, sudo }: SshUserSpec): ResolvedSshUser {
  const keyUrls = [
    ...(github === undefined ? [] : [`https://github.com/${github}.keys`]),
    ...(gitlab === undefined ? [] : [`https://gitlab.com/${gitlab}.keys`]),
    ...(url === undefined ? [] : [url]),
  ];
  return { name, keys, keyUrls, sudo };
}
