import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contains, overlaps, parseCidr } from './cidr.ts';
import { loadProject } from './load.ts';
import { hostWith } from './memory-host.ts';
import { layOutSubnets } from './resolved-network.ts';
import type { EksCluster } from './resolved.ts';

const NETWORK = `apiVersion: slipway.dev/v1alpha1
kind: Network
metadata: {name: main}
spec:
  provider: aws
  aws: {region: eu-west-1, clusterNames: [legacy]}
  cidr: 10.0.0.0/16
  vpn:
    clientsCidr: 192.168.200.0/24
    sshUsers:
      jane: {github: octocat, keys: ["ssh-ed25519 AAAA jane"]}
      joe: {url: "https://git.example.org/joe.keys", sudo: false}
`;
const CLUSTER = `---
apiVersion: slipway.dev/v1alpha1
kind: Cluster
metadata: {name: prod}
spec:
  provisioner: eks
  eks:
    region: eu-west-1
    version: "1.34"
    network: {vpcId: {output: Network/main.vpcId}, subnetIds: {output: Network/main.privateSubnetIds}}
    nodePools:
      b: {minSize: 2, firewallRules: [{name: a, direction: ingress, ports: "80-90", self: true}]}
      a: {version: "1.33", subnetIds: [subnet-1]}
  access: {bastion: "ssh://jane@203.0.113.10:2222", wait: 10m}
`;

describe('a network', () => {
  it('has subnets for three zones, keys of its users, and the names of its clusters', async () => {
    const { networks } = await loadProject(hostWith(NETWORK + CLUSTER), '.');
    expect(networks[0]).toMatchObject({
      subject: 'Network/main',
      zoneCount: 3,
      availabilityZones: undefined,
      privateSubnets: ['10.0.0.0/19', '10.0.32.0/19', '10.0.64.0/19'],
      publicSubnets: ['10.0.128.0/20', '10.0.144.0/20', '10.0.160.0/20'],
      aws: { region: 'eu-west-1', accountId: undefined, endpoints: ['s3'], clusterNames: ['legacy', 'prod'] },
      vpn: {
        instances: 1,
        sshUsers: [
          { name: 'jane', keyUrls: ['https://github.com/octocat.keys'], sudo: true },
          { name: 'joe', keys: [], keyUrls: ['https://git.example.org/joe.keys'], sudo: false },
        ],
      },
    });
  });

  it('whose VPN has no hosts has no VPN', async () => {
    const { networks } = await loadProject(hostWith(NETWORK.replace('  vpn:\n', '  vpn:\n    instances: 0\n')), '.');
    expect(networks[0]?.vpn).toBeUndefined();
  });

  it('is cut into subnets inside it, none over another', () => {
    fc.assert(
      fc.property(fc.integer({ min: 16, max: 22 }), fc.integer({ min: 1, max: 6 }), (prefix, zones) => {
        const cidr = `10.64.0.0/${prefix}`;
        const { privateSubnets, publicSubnets } = layOutSubnets({
          cidr,
          availabilityZones: Array.from({ length: zones }, (_, i) => `eu-west-1${i}`),
        });
        const [outer, ...subnets] = [cidr, ...privateSubnets, ...publicSubnets].map(parseCidr);
        expect(subnets).toHaveLength(2 * zones);
        for (const [i, subnet] of subnets.entries()) {
          expect(outer && subnet && contains(outer, subnet)).toBe(true);
          for (const other of subnets.slice(0, i)) expect(subnet && other && overlaps(subnet, other)).toBe(false);
        }
      }),
    );
  });
});

describe('an EKS cluster', () => {
  it('needs its network, follows its version, and knows its bastion', async () => {
    const { clusters } = await loadProject(hostWith(NETWORK + CLUSTER), '.');
    const prod = clusters[0] as EksCluster;
    expect(prod).toMatchObject({
      needs: ['Network/main'],
      access: { bastion: { user: 'jane', host: '203.0.113.10', port: 2222 }, waitMs: 600_000 },
      eks: { network: { vpcId: { kind: 'output', target: 'Network/main', output: 'vpcId' }, subnetIds: { kind: 'output' } } },
    });
    expect(prod.eks.nodePools).toMatchObject([
      { name: 'b', version: '1.34', desiredSize: 2, subnetIds: undefined, firewallRules: [{ fromPort: 80, toPort: 90 }] },
      { name: 'a', version: '1.33', desiredSize: 1, subnetIds: [{ kind: 'literal', text: 'subnet-1' }] },
    ]);
  });
});

describe('the examples for AWS', () => {
  const folder = join(import.meta.dirname, '..', '..', 'examples', 'aws');

  it.each(['project/slipway.yaml', 'bootstrap/bootstrap.yaml', 'cluster/cluster.yaml'])('are valid: %s', async (path) => {
    const host = hostWith(readFileSync(join(folder, path), 'utf8'), { env: { VPC_ID: 'vpc-1', SUBNET_IDS: 'subnet-1,subnet-2' } });
    const { networks, clusters } = await loadProject(host, '.');
    expect(networks.length + clusters.length).toBeGreaterThan(0);
  });
});
