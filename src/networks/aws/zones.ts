/** The zones of a network that names none: chosen once, then kept, because AWS may offer others tomorrow. */
import { sharedAws } from '../../aws/account.ts';
import { callQuery } from '../../aws/query.ts';
import { listOf, textOf } from '../../aws/xml.ts';
import type { ResolvedNetwork } from '../../config/resolved-network.ts';
import { SlipwayError } from '../../core/errors.ts';
import type { StepContext } from '../../engine/step.ts';
import type { NetworkContext } from '../network.ts';

/** Those of the file, else those of the last apply, else the first of the region in the order of their names. @throws SLW-NET-003 */
export async function zonesOf(
  network: ResolvedNetwork,
  context: NetworkContext,
  step: Pick<StepContext, 'record' | 'signal'>,
): Promise<readonly string[]> {
  if (network.availabilityZones) return network.availabilityZones;
  const known = step.record?.outputs['availabilityZones'];
  if (Array.isArray(known) && known.length === network.zoneCount) return known.map(String);
  const offered = await offeredZones(network, context, step.signal);
  if (offered.length < network.zoneCount)
    throw new SlipwayError(
      'SLW-NET-003',
      `${network.aws.region} offers ${offered.length} zones, and ${network.subject} needs ${network.zoneCount}`,
      {
        at: network.at,
        object: network.subject,
      },
    );
  return offered.slice(0, network.zoneCount);
}

async function offeredZones({ aws: place }: ResolvedNetwork, context: NetworkContext, signal: AbortSignal): Promise<readonly string[]> {
  const params = {
    'Filter.1.Name': 'zone-type',
    'Filter.1.Value.1': 'availability-zone',
    'Filter.2.Name': 'state',
    'Filter.2.Value.1': 'available',
  };
  const call = { service: 'ec2', version: '2016-11-15', action: 'DescribeAvailabilityZones', params };
  const answer = await callQuery(sharedAws(context, place), call, signal);
  return listOf(answer, 'availabilityZoneInfo', 'item')
    .map((zone) => textOf(zone, 'zoneName') ?? '')
    .filter((name) => name !== '')
    .sort();
}
