/** An account whose creates take their time: what a cancelled or killed run leaves is what AWS' provider would leave. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AwsBed, createAwsBed } from '../support/aws-bed.ts';
import { actionLines, type AwsWorld, byType, openAwsWorld } from '../support/aws-world.ts';
import { builtTofu } from '../support/tofu-bed.ts';

const HCL = `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
resource "aws_kms_key" "one" {}
resource "aws_cloudwatch_log_group" "one" {
  name       = "/one"
  depends_on = [aws_kms_key.one]
}
`;

describe('a create that is under way', () => {
  let bed: AwsBed;
  let world: AwsWorld;

  beforeEach(async () => {
    // A key takes two seconds there: a minute and more here.
    bed = await createAwsBed({ timesDividedBy: 1 / 40 });
    world = await openAwsWorld(bed, HCL);
  });

  afterEach(async () => {
    world?.close();
    await bed?.close();
  });

  async function start(): Promise<ReturnType<typeof spawn>> {
    const env = { PATH: process.env['PATH'] ?? '', HOME: world.dir, ...bed.env };
    return spawn(await builtTofu(), ['apply', '-no-color', '-auto-approve'], { cwd: world.dir, env, stdio: 'ignore' });
  }

  /** The provider knows the id, because it asks how far the key is. */
  const untilAwaited = (): Promise<unknown> =>
    vi.waitFor(() => expect(bed.calls()).toContainEqual(expect.objectContaining({ operation: 'read', what: 'aws_kms_key' })), {
      timeout: 120_000,
    });

  it('is in the state as tainted when the run is cancelled', async () => {
    const child = await start();
    await untilAwaited();
    child.kill('SIGINT');
    const [code] = (await once(child, 'exit')) as [number];

    expect(code).not.toBe(0);
    const state = await world.must('state', 'pull');
    expect(JSON.parse(state)).toMatchObject({
      resources: [{ type: 'aws_kms_key', instances: [{ status: 'tainted', attributes: { key_id: byType(bed, 'aws_kms_key').id } }] }],
    });
    expect(actionLines(await world.plan())).toContain('aws_kms_key.one delete-create');
  });

  it('is in the account and in no state when the run is killed', async () => {
    const child = await start();
    await untilAwaited();
    child.kill('SIGKILL');
    await once(child, 'exit');

    expect((await world.run('state', 'list')).output.trim()).not.toContain('aws_kms_key');
    expect(bed.account().map(({ type }) => type)).toEqual(['aws_kms_key']);
  });
});
