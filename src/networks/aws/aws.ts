/**
 * Network provider `aws`: a VPC by modules/aws-network, and VPN hosts in it by modules/aws-vpn. Turns the document into steps; what
 * really happens stands in cloud/, vpn/ and the modules.
 */
import { placeOfRecord } from '../../aws/account.ts';
import { moduleStep, moduleUndo } from '../../cloud/cloud.ts';
import { bucketName, type MarkedThing, markTags } from '../../cloud/marks.ts';
import type { ResolvedNetwork } from '../../config/resolved-network.ts';
import type { Json } from '../../core/digest.ts';
import type { Outputs, Step, StepId } from '../../engine/step.ts';
import type { NetworkContext, NetworkLook, NetworkProvider, NetworkView } from '../network.ts';
import { awsNetworkName, networkVariables } from './inputs.ts';
import { readNetworkOutputs } from './outputs.ts';
import { zonesOf } from './zones.ts';

export const awsNetworkProvider: NetworkProvider = {
  name: 'aws',
  steps: (network, context) => [networkStep(network, context)],
  undoHandlers: (context) => new Map([[DESTROY_NETWORK, moduleUndo(context)]]),
  look: (view) => Promise.resolve(lookAt(view)),
};

const DESTROY_NETWORK = 'aws-network/destroy';

export const networkStepId = (network: string): StepId => `aws-network/apply-module/${network}`;

function networkStep(network: ResolvedNetwork, context: NetworkContext): Step {
  const thing: MarkedThing = { project: context.project, subject: network.subject, stateId: context.stateId };
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

function lookAt({ name, network, records }: NetworkView): NetworkLook {
  const record = records.get(networkStepId(name));
  const vpcId = record?.outputs['vpcId'];
  const region = network?.aws.region ?? placeOfRecord(record?.intent.choices)?.region;
  const facts = { ...(region !== undefined && { region }), ...(typeof vpcId === 'string' && { vpc: vpcId }) };
  if (record?.state !== 'intended') return { facts, parts: [] };
  return { facts, parts: [{ kind: 'Module', name: 'aws-network', state: 'progressing', reason: 'Unfinished', message: 'the last run did not finish; slipway up goes on' }] };
}
