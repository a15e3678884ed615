/**
 * What was made by a run that died is taken back by `import`, one by one. That evaluates the outputs of a module while only some of a
 * resource's instances are in the state; none of them may stand in the way of the others.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { candidates } from '../../src/cloud/lost.ts';
import type { Attributes } from '../../src/tofu/lost.ts';
import { type AwsBed, createAwsBed } from '../support/aws-bed.ts';
import { type AwsWorld, openAwsWorld } from '../support/aws-world.ts';

interface StateResource {
  readonly mode: string;
  readonly module?: string;
  readonly type: string;
  readonly name: string;
  readonly instances: readonly { readonly index_key?: string | number; readonly attributes: Attributes }[];
}

/** Adopted, not made: nothing loses it. */
const NEVER_LOST = new Set(['aws_default_security_group']);

let bed: AwsBed;
let world: AwsWorld;

beforeAll(async () => {
  bed = await createAwsBed();
  world = await openAwsWorld(bed);
});

afterAll(async () => {
  world?.close();
  await bed?.close();
});

it('the first instance of each resource that has several is imported into a state without the others', async () => {
  await world.must('apply', '-no-color', '-auto-approve', '-var=nat_gateways=per_zone');
  const { resources } = JSON.parse(await world.must('state', 'pull')) as { readonly resources: readonly StateResource[] };
  const several = resources.filter(({ mode, type, instances }) => mode === 'managed' && instances.length > 1 && !NEVER_LOST.has(type));
  expect(several.length).toBeGreaterThan(10);
  rmSync(join(world.dir, 'terraform.tfstate'));
  for (const resource of several) {
    const { address, id } = importOf(resource);
    await world.must('import', '-no-color', '-var=nat_gateways=per_zone', address, id);
  }
});

function importOf({ module, type, name, instances: [first] }: StateResource): { readonly address: string; readonly id: string } {
  const attributes = first?.attributes ?? {};
  const address = `${module === undefined ? '' : `${module}.`}${type}.${name}[${JSON.stringify(first?.index_key)}]`;
  const [found] = candidates(
    { address, type, planned: attributes, hasFailed: false },
    { tagged: [], known: new Set(), lost: [] },
  );
  return { address, id: found?.id ?? String(attributes['id']) };
}
