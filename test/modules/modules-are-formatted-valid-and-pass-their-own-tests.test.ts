/** `tofu fmt -check`, `tofu validate` and `tofu test` on each module, as its README says; the tests mock the provider and need no account. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AwsBed, createAwsBed } from '../support/aws-bed.ts';
import { type ModuleRun, openModule } from '../support/module-run.ts';

describe.each(['aws-network', 'aws-vpn', 'aws-eks'])('%s', (name) => {
  let bed: AwsBed;
  let module: ModuleRun;

  beforeAll(async () => {
    // Only for the provider: no call reaches the account.
    bed = await createAwsBed();
    module = await openModule(name, bed.env);
  }, 300_000);

  afterAll(async () => {
    module?.close();
    await bed?.close();
  });

  it('is formatted', async () => {
    expect(await module.tofu('fmt', '-check', '-recursive', '-diff')).toBe('');
  });

  it('is valid', async () => {
    expect(JSON.parse(await module.tofu('validate', '-json'))).toMatchObject({ valid: true, warning_count: 0 });
  });

  it('passes its own tests', async () => {
    expect(await module.tofu('test', '-no-color')).toMatch(/^Success! \d+ passed, 0 failed\.$/m);
    expect(bed.calls()).toEqual([]);
  }, 600_000);
});
