/** OpenTofu's own S3 backend with its lock file, on the account's S3. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectAws } from '../../src/aws/aws.ts';
import { createS3ObjectStore } from '../../src/aws/s3.ts';
import type { Host } from '../../src/host/host.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { type AwsBed, createAwsBed } from '../support/aws-bed.ts';
import { actionLines, type AwsWorld, openAwsWorld } from '../support/aws-world.ts';

const HCL = `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
  backend "s3" {
    bucket       = "state-of-a-project"
    key          = "shop/tofu/Network/main.tfstate"
    region       = "eu-west-1"
    encrypt      = true
    use_lockfile = true
  }
}
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}
`;

describe('a state in a bucket', () => {
  let bed: AwsBed;
  let world: AwsWorld;

  beforeAll(async () => {
    bed = await createAwsBed();
    bed.plant('aws_s3_bucket', { bucket: 'state-of-a-project', settings: { BucketVersioning: '<Status>Enabled</Status>' } });
    world = await openAwsWorld(bed, HCL);
  });

  afterAll(async () => {
    world?.close();
    await bed?.close();
  });

  const objects = (): readonly string[] =>
    bed
      .account()
      .filter(({ type, attributes }) => type === 'aws_s3_object' && attributes['deleted'] === false)
      .map(({ id }) => id);

  it('is written, locked while it is, and read again', async () => {
    await world.must('apply', '-no-color', '-auto-approve');
    expect(objects()).toEqual(['state-of-a-project/shop/tofu/Network/main.tfstate']);
    expect(actionLines(await world.plan())).toEqual([]);
  });

  it('is left alone while somebody else holds its lock', async () => {
    const real = createNodeHost();
    const host: Host = { ...real, env: { ...real.env, get: (name) => bed.env[name] ?? real.env.get(name) } };
    const aws = connectAws(host, { region: bed.region });
    const { signal } = new AbortController();
    const store = createS3ObjectStore(aws, { bucket: { name: 'state-of-a-project', owner: bed.accountId }, prefix: 'shop/tofu/Network/' });
    const lock = {
      ID: '00000000-0000-4000-8000-000000000000',
      Operation: 'OperationTypeApply',
      Who: 'someone@elsewhere',
      Created: '2026-01-01T00:00:00Z',
      Path: 'x',
    };
    await store.put('main.tfstate.tflock', Buffer.from(JSON.stringify(lock)), { signal, ifNoneMatch: '*' });

    const { code, output } = await world.run('destroy', '-no-color', '-auto-approve');
    expect(code).toBe(1);
    expect(output).toContain('someone@elsewhere');
    await store.delete('main.tfstate.tflock', signal);
    aws.close();
    await world.must('destroy', '-no-color', '-auto-approve');
    expect(bed.account().some(({ type }) => type === 'aws_vpc')).toBe(false);
  });
});
