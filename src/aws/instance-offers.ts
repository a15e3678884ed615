/** Whether EC2 has an instance type in a region: asked before anything is made, because AWS itself says it only when the first instance starts. */
import { isSlipwayError, SlipwayError, type SourcePosition } from '../core/errors.ts';
import { type AwsPlace, type AwsRun, sharedAws } from './account.ts';
import { describeEc2 } from './ec2.ts';
import { textOf } from './xml.ts';

export interface WantedTypes {
  readonly types: readonly string[];
  readonly place: Pick<AwsPlace, 'region' | 'profile'>;
  /** Position of the document. */
  readonly at: SourcePosition;
  readonly subject: string;
}

/** Asked once in a run for each set of types. Whoever may not ask is not held up. @throws SLW-AWS-020 */
export async function requireInstanceTypes(run: AwsRun, { types, place, at, subject }: WantedTypes, signal: AbortSignal): Promise<void> {
  const wanted = [...new Set(types)].sort();
  if (wanted.length === 0) return;
  const key = `instance types ${place.profile ?? ''} ${place.region} ${wanted.join(' ')}`;
  const kept = run.shared<{ offered: Promise<ReadonlySet<string>> | undefined }>(key, () => ({ offered: undefined }));
  kept.offered ??= offeredTypes(run, { wanted, place }, signal);
  const offered = await kept.offered.catch((thrown: unknown) => {
    kept.offered = undefined;
    if (isSlipwayError(thrown) && thrown.code === 'SLW-AWS-005') return new Set(wanted);
    throw thrown;
  });
  const unknown = wanted.filter((type) => !offered.has(type));
  if (unknown.length === 0) return;
  throw new SlipwayError('SLW-AWS-020', `${place.region} has no instance type ${unknown.join(', ')}, which ${subject} asks for`, {
    at,
    object: subject,
  });
}

async function offeredTypes(
  run: AwsRun,
  { wanted, place }: { readonly wanted: readonly string[]; readonly place: WantedTypes['place'] },
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const describe = { action: 'DescribeInstanceTypeOfferings', set: 'instanceTypeOfferingSet', filters: { 'instance-type': wanted } };
  const items = await describeEc2(sharedAws(run, place), describe, signal);
  return new Set(items.flatMap((item) => textOf(item, 'instanceType') ?? []));
}
