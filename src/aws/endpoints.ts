/** Where a service answers. Source: the partitions and endpoint rules of the AWS SDKs (https://docs.aws.amazon.com/general/latest/gr/rande.html). */
import { SlipwayError } from '../core/errors.ts';
import type { Environment } from '../host/host.ts';

export interface Partition {
  /** As in ARNs. */
  readonly name: string;
  readonly dnsSuffix: string;
}

/** By the beginning of a region's name; the last line is for all others. */
const PARTITIONS: readonly (readonly [prefix: string, partition: Partition])[] = [
  ['cn-', { name: 'aws-cn', dnsSuffix: 'amazonaws.com.cn' }],
  ['us-gov-', { name: 'aws-us-gov', dnsSuffix: 'amazonaws.com' }],
  ['us-isob-', { name: 'aws-iso-b', dnsSuffix: 'sc2s.sgov.gov' }],
  ['us-iso-', { name: 'aws-iso', dnsSuffix: 'c2s.ic.gov' }],
  ['eusc-', { name: 'aws-eusc', dnsSuffix: 'amazonaws.eu' }],
  ['', { name: 'aws', dnsSuffix: 'amazonaws.com' }],
];

export function partitionOf(region: string): Partition {
  const found = PARTITIONS.find(([prefix]) => region.startsWith(prefix));
  return found ? found[1] : { name: 'aws', dnsSuffix: 'amazonaws.com' };
}

export interface Endpoint {
  /** Origin only. */
  readonly url: URL;
  /** Given by the environment: a test bed or a gateway, which knows no bucket names in its host name. */
  readonly custom: boolean;
}

/** `service` is the first label of the host name: `ec2`, `tagging`. AWS_ENDPOINT_URL_<SERVICE> and AWS_ENDPOINT_URL win, as in the AWS tools. */
export function endpointOf(env: Pick<Environment, 'get'>, service: string, region: string): Endpoint {
  const given = env.get(`AWS_ENDPOINT_URL_${serviceId(service)}`) || env.get('AWS_ENDPOINT_URL');
  if (!given) return { url: new URL(`https://${service}.${region}.${partitionOf(region).dnsSuffix}`), custom: false };
  if (!URL.canParse(given)) throw new SlipwayError('SLW-AWS-008', `AWS_ENDPOINT_URL is ${given}, which is no URL`);
  return { url: new URL(given), custom: true };
}

/** Service ids as the variables spell them, where they differ from the host name (https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html). */
const SERVICE_IDS: Readonly<Record<string, string>> = {
  tagging: 'RESOURCE_GROUPS_TAGGING_API',
  elasticloadbalancing: 'ELASTIC_LOAD_BALANCING_V2',
  autoscaling: 'AUTO_SCALING',
  servicequotas: 'SERVICE_QUOTAS',
};

function serviceId(service: string): string {
  return SERVICE_IDS[service] ?? service.toUpperCase();
}
