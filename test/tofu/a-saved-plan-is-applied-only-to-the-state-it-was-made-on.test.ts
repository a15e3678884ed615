import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { isSlipwayError } from '../../src/core/errors.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { importResource, stateMove, statePull, stateRemove, stateShow, validate } from '../../src/tofu/commands.ts';
import { inSession, type SessionOptions } from '../../src/tofu/session.ts';
import { type TofuStepOptions, tofuStep } from '../../src/tofu/steps.ts';
import { createStepDriver } from '../support/step-driver.ts';
import { createTofuBed, type TofuBed } from '../support/tofu-bed.ts';

const MODULE = 'variable "names" { type = list(string) }\nresource "terraform_data" "a" {\n  for_each = toset(var.names)\n}\n';

let bed: TofuBed;
afterEach(() => bed.close());

const host = createNodeHost();
const inputs = (names: readonly string[]) => ({ variables: { names }, backend: { type: 'local' } });

function stepOptions(names: readonly string[]): TofuStepOptions {
  const { dir, source, toolchainDir } = bed.settings;
  return { id: 't', title: 't', subject: 'Network/main', needs: [], dir, source, toolchainDir, inputs: async () => inputs(names) };
}

it('one that somebody overtook is not applied: a new one is wanted', async () => {
  bed = await createTofuBed(MODULE, {});
  const driver = createStepDriver(host);
  await driver.up([tofuStep(stepOptions(['one', 'two']))]);
  const step = tofuStep(stepOptions(['one']));
  const context = {
    host,
    signal: new AbortController().signal,
    timeoutMs: 60_000,
    outputs: () => undefined,
    record: driver.records.get('t'),
    report: () => undefined,
  };
  const observed = await step.observe(context);
  const change = step.change(observed);
  expect(change).toMatchObject({ kind: 'replace', summary: 'destroy 1 resource', details: [{ reason: 'its key is no longer wanted' }] });
  bed.tofuByHand('state', 'rm', 'terraform_data.a["one"]');
  const refusal = await step.apply({ ...context, observed, change, intent: {} }).catch((thrown: unknown) => thrown);
  expect(isSlipwayError(refusal) && [refusal.code, refusal.retry]).toEqual(['SLW-TOF-007', 'backoff']);
  // Observed again, it is planned anew.
  expect(step.change(await step.observe(context))).toMatchObject({ summary: 'create 1, destroy 1 resources' });
});

it('a state is listed, shown, moved, forgotten and imported', async () => {
  bed = await createTofuBed(MODULE, {});
  await createStepDriver(host).up([tofuStep(stepOptions(['one', 'two']))]);
  const { dir, source, toolchainDir } = bed.settings;
  const options: SessionOptions = {
    host,
    object: 'Network/main',
    dir,
    source,
    toolchainDir,
    inputs: inputs(['one', 'two']),
    signal: new AbortController().signal,
    timeoutMs: 60_000,
    report: () => undefined,
  };
  await inSession(options, async ({ call }) => {
    expect(await validate(call)).toEqual([]);
    const before = await statePull(call);
    const id = before.resources.find(({ address }) => address === 'terraform_data.a["one"]')?.id ?? '';
    expect(await stateShow(call, 'terraform_data.a["one"]')).toContain(id);
    await stateMove(call, 'terraform_data.a["one"]', 'terraform_data.a["three"]');
    expect((await statePull(call)).resources.map(({ address }) => address)).toEqual([
      'terraform_data.a["three"]',
      'terraform_data.a["two"]',
    ]);
    await stateRemove(call, ['terraform_data.a["three"]']);
    await importResource(call, 'terraform_data.a["one"]', id);
    expect((await statePull(call)).resources.find(({ address }) => address === 'terraform_data.a["one"]')?.id).toBe(id);
    await expect(importResource(call, 'terraform_data.a["one"]', id)).rejects.toMatchObject({
      code: expect.stringMatching(/^SLW-TOF-/) as string,
    });
  });
});

it('Terraform does the same work where it is what there is', async ({ skip }) => {
  const terraform = await host.processes.which('terraform');
  if (terraform === undefined) return skip('no terraform on PATH');
  bed = await createTofuBed(MODULE, {});
  const folder = join(bed.root, 'bin');
  execFileSync('mkdir', [folder]);
  execFileSync('ln', ['-s', terraform, join(folder, 'terraform')]);
  bed.settings = { ...bed.settings, toolchainDir: folder, variables: { names: ['one'] } };
  for (const changed of [1, 0]) {
    const end = await bed.run('up');
    expect(end.code, JSON.stringify(end.reports.slice(-3))).toBe(0);
    expect(end.reports).toContainEqual(expect.objectContaining({ type: 'run.finished', changed }));
  }
  expect((await bed.run('down')).code).toBe(0);
});
