/**
 * Network provider `aws`: a VPC by modules/aws-network, and VPN hosts in it by modules/aws-vpn. Turns the document into steps; what
 * really happens stands in cloud/, vpn/ and the modules.
 */
import { placeOfRecord } from '../../aws/account.ts';
import { moduleStep, moduleUndo } from '../../cloud/cloud.ts';
import { bucketName, type MarkedThing, markTags } from '../../cloud/marks.ts';
import type { ResolvedNetwork } from '../../config/resolved-network.ts';
import type { Json } from '../../core/digest.ts';
import type { Outputs, Step, StepRecord } from '../../engine/step.ts';
import type { ObjectStore } from '../../engine/remote/store.ts';
import { readVpnStatus } from '../../vpn/status.ts';
import type { NetworkContext, NetworkLook, NetworkPart, NetworkProvider, NetworkView } from '../network.ts';
import { networkStepId } from './ids.ts';
import { awsNetworkName, networkVariables } from './inputs.ts';
import { readNetworkOutputs } from './outputs.ts';
import { identityBucket, openVpnStore } from './vpn-store.ts';
import { vpnParts } from './vpn-parts.ts';
import { DESTROY_VPN, vpnSteps } from './vpn-steps.ts';
import { zonesOf } from './zones.ts';

export const awsNetworkProvider: NetworkProvider = {
  name: 'aws',
  steps: (network, context) => {
    const thing: MarkedThing = { project: context.project, subject: network.subject, stateId: context.stateId };
    return [networkStep(network, context, thing), ...vpnSteps(network, context, thing)];
  },
  undoHandlers: (context) =>
    new Map([
      [DESTROY_NETWORK, moduleUndo(context)],
      [DESTROY_VPN, moduleUndo(context)],
    ]),
  look: (view, context, signal) => lookAt(view, context, signal),
  vpnStore: ({ name, records }, context, signal) => storeOf(records.get(networkStepId(name)), context, signal),
};

const DESTROY_NETWORK = 'aws-network/destroy';

function networkStep(network: ResolvedNetwork, context: NetworkContext, thing: MarkedThing): Step {
  const name = awsNetworkName(context.project, network.name);
  const identityBucket = network.vpn && (network.vpn.bucketName ?? bucketName(`${name}-vpn`, { thing, place: network.aws }));
  return moduleStep(context, {
    id: networkStepId(network.name),
    title: `make the network ${network.name}`,
    subject: network.subject,
    needs: [],
    module: 'aws-network',
    place: network.aws,
    handler: DESTROY_NETWORK,
    destroys: network.name,
    precious: ['aws_vpc', 'aws_subnet', 'aws_s3_bucket', 'aws_kms_key'],
    variables: async (step) => ({
      variables: networkVariables(network, {
        ...{ name, identityBucket },
        availabilityZones: await zonesOf(network, context, step),
        tags: { ...network.tags, ...markTags(thing) },
      }),
    }),
    outputs: (outputs) => networkOutputs(network, outputs),
  });
}

/** Under the names that `{output: Network/NAME.…}` uses. */
function networkOutputs({ aws, vpn }: ResolvedNetwork, raw: Readonly<Record<string, Json>>): Outputs {
  const { vpcCidr, vpnIdentity, flowLogGroup, ...rest } = readNetworkOutputs(raw);
  return {
    ...rest,
    cidr: vpcCidr,
    region: aws.region,
    ...(flowLogGroup !== undefined && { flowLogGroup }),
    ...(vpn && { vpnClientsCidr: vpn.clientsCidr, vpnOperatorName: vpn.operatorName }),
    ...(vpnIdentity && { vpnBucket: vpnIdentity.bucket, vpnIdentity }),
  };
}

async function lookAt(view: NetworkView, context: NetworkContext, signal: AbortSignal): Promise<NetworkLook> {
  const { host } = context;
  const record = view.records.get(networkStepId(view.name));
  const facts = factsOf(view, record);
  if (record?.state === 'intended') return { facts, parts: [UNFINISHED] };
  const store = await storeOf(record, context, signal);
  return { facts, parts: store ? vpnParts(await readVpnStatus({ host, store, signal }), host.clock.now()) : [] };
}

function factsOf({ network }: NetworkView, record: StepRecord | undefined): NetworkLook['facts'] {
  const vpc = record?.outputs['vpcId'];
  const region = network?.aws.region ?? placeOfRecord(record?.intent.choices)?.region;
  return { ...(region !== undefined && { region }), ...(typeof vpc === 'string' && { vpc }) };
}

async function storeOf(record: StepRecord | undefined, context: NetworkContext, signal: AbortSignal): Promise<ObjectStore | undefined> {
  const identity = identityBucket(record?.outputs);
  const place = placeOfRecord(record?.intent.choices);
  return identity && place && openVpnStore(identity, { place, context, signal });
}

const UNFINISHED: NetworkPart = {
  kind: 'Module',
  name: 'aws-network',
  state: 'progressing',
  reason: 'Unfinished',
  message: 'the last run did not finish; slipway up goes on',
};
