/** Each module by its example, on the test bed: planned, made, found unchanged, and gone without a trace. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AwsBed, createAwsBed } from '../support/aws-bed.ts';
import { changeLines, type ModuleRun, openModule } from '../support/module-run.ts';

describe.each(['aws-network', 'aws-vpn', 'aws-eks'])('the example of %s', (name) => {
  let bed: AwsBed;
  let module: ModuleRun;

  beforeAll(async () => {
    bed = await createAwsBed({ region: 'eu-central-1' });
    module = await openModule(`${name}/examples/basic`, bed.env);
    if (name === 'aws-eks') module.setVariables(plantNetwork(bed));
  }, 300_000);

  afterAll(async () => {
    module?.close();
    await bed?.close();
  });

  it('is made, found unchanged, and destroyed', async () => {
    const before = bed.account();

    await module.apply();
    const made = bed.account();
    expect(made.length).toBeGreaterThan(before.length);
    expect(changeLines(await module.plan())).toEqual([]);

    await module.destroy();
    expect(bed.account()).toEqual(before);
  }, 300_000);
});

/** A network of somebody else's. */
function plantNetwork(bed: AwsBed): { readonly vpc_id: string; readonly subnet_ids: readonly string[] } {
  const vpc = bed.plant('aws_vpc', { cidr_block: '10.0.0.0/16' });
  const subnets = ['a', 'b', 'c'].map((zone, i) =>
    bed.plant('aws_subnet', { vpc_id: vpc, cidr_block: `10.0.${i * 32}.0/19`, availability_zone: `eu-central-1${zone}` }),
  );
  return { vpc_id: vpc, subnet_ids: subnets };
}
