/** The VPN of a network: hosts by modules/aws-vpn, their identity in the network's bucket. Hosts wait for an identity that is not there yet. */
import { requireInstanceTypes } from '../../aws/instance-offers.ts';
import { moduleStep, type ModuleVariables } from '../../cloud/cloud.ts';
import { type MarkedThing, markTags } from '../../cloud/marks.ts';
import { formatIpv4, parseCidr } from '../../config/cidr.ts';
import { architectureOf } from '../../config/ec2-instance-type.ts';
import type { ResolvedNetwork, ResolvedVpn } from '../../config/resolved-network.ts';
import type { Json } from '../../core/digest.ts';
import type { Outputs, Step, StepContext } from '../../engine/step.ts';
import { PLACEHOLDERS, renderUserData } from '../../vpn/cloud-init.ts';
import { type ProvidedSoftware, provideSoftware } from '../../vpn/software.ts';
import { vpnStep } from '../../vpn/steps.ts';
import type { VpnSettings } from '../../vpn/vpn.ts';
import type { NetworkContext } from '../network.ts';
import { announceVpn } from './announce.ts';
import { networkStepId, vpnModuleStepId } from './ids.ts';
import { awsNetworkName, vpnVariables } from './inputs.ts';
import { type AwsNetworkOutputs, readVpnOutputs } from './outputs.ts';
import { identityBucket, openVpnStore } from './vpn-store.ts';

export const DESTROY_VPN = 'aws-vpn/destroy';

type NetworkWithVpn = ResolvedNetwork & { readonly vpn: ResolvedVpn };

/** None when the network has no VPN. */
export function vpnSteps(network: ResolvedNetwork, context: NetworkContext, thing: MarkedThing): readonly Step[] {
  const { vpn } = network;
  if (!vpn) return [];
  const whole: NetworkWithVpn = { ...network, vpn };
  return [hostsStep(whole, context, thing), identityStep(whole, context)];
}

function hostsStep(network: NetworkWithVpn, context: NetworkContext, thing: MarkedThing): Step {
  return moduleStep(context, {
    id: vpnModuleStepId(network.name),
    title: `make the VPN hosts of ${network.name}`,
    subject: network.subject,
    needs: [networkStepId(network.name)],
    module: 'aws-vpn',
    place: network.aws,
    handler: DESTROY_VPN,
    destroys: network.name,
    // An address that goes is lost to all client files.
    precious: ['aws_eip'],
    variables: (step) => hostVariables(network, context, { step, thing }),
    outputs: hostOutputs,
  });
}

interface HostsWish {
  readonly step: StepContext;
  readonly thing: MarkedThing;
}

async function hostVariables(network: NetworkWithVpn, context: NetworkContext, { step, thing }: HostsWish): Promise<ModuleVariables> {
  const { at, aws: place, subject, vpn } = network;
  await requireInstanceTypes(context, { types: [vpn.instanceType], place, at, subject }, step.signal);
  const unknown: ModuleVariables = { unknown: `the network ${network.name}`, announces: announceVpn(network.vpn) };
  const outputs = step.outputs(networkStepId(network.name));
  if (!outputs || !identityBucket(outputs)) return unknown;
  const { software } = await softwareOf(network, context, step);
  const { bucket, region, host, allocationId } = PLACEHOLDERS;
  const userData = await renderUserData(context.host, { bucket, region, host, allocationId, prefix: '', agents: software.agents });
  const variables = vpnVariables(network, {
    name: awsNetworkName(context.project, network.name),
    tags: { ...network.tags, ...markTags(thing) },
    userData,
    network: outputs as unknown as AwsNetworkOutputs,
  });
  return variables ? { variables } : unknown;
}

/** Once in a run: it may have to be built. */
function softwareOf(
  { vpn }: NetworkWithVpn,
  context: NetworkContext,
  { signal, report }: Pick<StepContext, 'signal' | 'report'>,
): Promise<ProvidedSoftware> {
  const architecture = architectureOf(vpn.instanceType) === 'arm64' ? 'arm64' : 'amd64';
  const kept = context.shared<{ provided: Promise<ProvidedSoftware> | undefined }>(
    `vpn software ${architecture} ${vpn.packages.join(' ')}`,
    () => ({ provided: undefined }),
  );
  const { host, toolchainDir } = context;
  kept.provided ??= provideSoftware(host, {
    architectures: [architecture],
    packages: vpn.packages,
    signal,
    report,
    ...(toolchainDir !== undefined && { toolchainDir }),
  });
  return kept.provided.catch((thrown: unknown) => {
    kept.provided = undefined;
    throw thrown;
  });
}

function hostOutputs(raw: Readonly<Record<string, Json>>): Outputs {
  const { addresses, hosts, roleArn, securityGroupId } = readVpnOutputs(raw);
  return { vpnAddresses: addresses, hosts: hosts.map((host) => ({ ...host })), roleArn, securityGroupId };
}

function identityStep(network: NetworkWithVpn, context: NetworkContext): Step {
  const { name, subject, aws: place } = network;
  return vpnStep({
    ...{ name, subject },
    needs: [vpnModuleStepId(name)],
    inputs: async (step) => {
      const identity = identityBucket(step.outputs(networkStepId(name)));
      const addresses = step.outputs(vpnModuleStepId(name))?.['vpnAddresses'];
      if (!identity || !Array.isArray(addresses)) return undefined;
      return {
        store: await openVpnStore(identity, { place, context, signal: step.signal }),
        settings: vpnSettings(network, addresses.map(String)),
        provided: await softwareOf(network, context, step),
      };
    },
  });
}

/** Pure: what hosts and client files are made of. */
export function vpnSettings({ name, cidr, additionalCidrs, vpn }: NetworkWithVpn, endpoints: readonly string[]): VpnSettings {
  const { port, protocol, clientsCidr, sshUsers, operatorName, lifetimes, dnsServers } = vpn;
  const { serverMs, clientMs, revocationListMs } = lifetimes;
  return {
    ...{ name, endpoints, port, protocol, clientsCidr, sshUsers, operatorName },
    routes: [cidr, ...additionalCidrs, ...vpn.routes],
    dnsServers: dnsServers ?? [resolverOf(cidr)],
    lives: { serverMs, clientMs, revocationListMs },
  };
}

/** The VPC's own resolver answers at the base of its range plus two: https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html */
export function resolverOf(cidr: string): string {
  const range = parseCidr(cidr);
  if (!range) throw new RangeError(`${cidr} is no range of addresses`);
  return formatIpv4(range.first + 2n);
}
