/** One account behind both doors: what the provider makes is seen by our own calls, what they delete is gone for the provider; AWS' rules hold for both. */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Aws, connectAws } from '../../src/aws/aws.ts';
import { callJson, callQuery } from '../../src/aws/query.ts';
import { createS3ObjectStore } from '../../src/aws/s3.ts';
import { callerIdentity } from '../../src/aws/identity.ts';
import { listOf, textOf } from '../../src/aws/xml.ts';
import type { Host } from '../../src/host/host.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { type AwsBed, createAwsBed } from '../support/aws-bed.ts';
import { type AwsWorld, byType, openAwsWorld } from '../support/aws-world.ts';

const never = new AbortController().signal;
const EC2 = { service: 'ec2', version: '2016-11-15' } as const;

const HCL = `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = { team = "platform" }
}
resource "aws_subnet" "a" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.0.0.0/24"
  availability_zone = "eu-west-1a"
}
resource "aws_security_group" "web" {
  name   = "web"
  vpc_id = aws_vpc.main.id
}
resource "aws_s3_bucket" "identity" {
  bucket        = "identity-of-hosts"
  force_destroy = true
}
resource "aws_s3_bucket_versioning" "identity" {
  bucket = aws_s3_bucket.identity.id
  versioning_configuration {
    status = "Enabled"
  }
}
`;

function hostOf(bed: AwsBed, over: Readonly<Record<string, string>> = {}): Host {
  const real = createNodeHost();
  const env: Readonly<Record<string, string>> = { ...bed.env, ...over };
  return {
    ...real,
    env: {
      ...real.env,
      get: (name) => env[name] ?? (name.startsWith('AWS_') ? undefined : real.env.get(name)),
      variables: () => ({ ...real.env.variables(), ...env }),
    },
  };
}

const codeOf = (thrown: unknown): unknown => (thrown as { readonly data?: { readonly awsCode?: unknown } }).data?.awsCode;
const failure = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'went through',
    (thrown: unknown) => codeOf(thrown) ?? thrown,
  );

describe('the account', () => {
  let bed: AwsBed;
  let world: AwsWorld;
  let aws: Aws;

  beforeAll(async () => {
    bed = await createAwsBed();
    world = await openAwsWorld(bed, HCL);
    await world.must('apply', '-no-color', '-auto-approve');
    aws = connectAws(hostOf(bed), { region: bed.region });
  });

  afterAll(async () => {
    aws?.close();
    world?.close();
    await bed?.close();
  });

  const query = (action: string, params: Readonly<Record<string, string>> = {}): ReturnType<typeof callQuery> =>
    callQuery(aws, { ...EC2, action, params }, never);

  it('says who is asking', async () => {
    expect((await callerIdentity(aws, never)).account).toBe(bed.accountId);
  });

  it('shows over its APIs what tofu made', async () => {
    const vpcs = listOf(await query('DescribeVpcs', { 'Filter.1.Name': 'tag:team', 'Filter.1.Value.1': 'platform' }), 'vpcSet', 'item');
    expect(vpcs.map((vpc) => textOf(vpc, 'vpcId'))).toEqual([byType(bed, 'aws_vpc').id]);
    const target = { service: 'tagging', target: 'ResourceGroupsTaggingAPI_20170126', action: 'GetResources' };
    const tagged = await callJson(aws, { ...target, body: { TagFilters: [{ Key: 'team', Values: ['platform'] }] } }, never);
    expect(JSON.stringify(tagged)).toContain(byType(bed, 'aws_vpc').id);
  });

  it('lists in pages as small as asked for', async () => {
    for (const name of ['one', 'two', 'three']) bed.plant('aws_ebs_volume', { availability_zone: 'eu-west-1a', size: 1, tags: { name } });
    const first = await query('DescribeVolumes', { MaxResults: '2' });
    const token = textOf(first, 'nextToken') ?? '';
    const second = await query('DescribeVolumes', { MaxResults: '2', NextToken: token });
    expect([listOf(first, 'volumeSet', 'item').length, listOf(second, 'volumeSet', 'item').length, textOf(second, 'nextToken')]).toEqual([
      2,
      1,
      undefined,
    ]);
    for (const { id, type } of bed.account()) if (type === 'aws_ebs_volume') await query('DeleteVolume', { VolumeId: id });
    expect(bed.account().some(({ type }) => type === 'aws_ebs_volume')).toBe(false);
  });

  it('lets nothing go that something else holds', async () => {
    const vpc = byType(bed, 'aws_vpc').id;
    const group = byType(bed, 'aws_security_group').id;
    const card = bed.plant('aws_network_interface', {
      subnet_id: byType(bed, 'aws_subnet').id,
      security_groups: [group],
      status: 'in-use',
    });
    expect(await failure(query('DeleteVpc', { VpcId: vpc }))).toBe('DependencyViolation');
    expect(await failure(query('DeleteSecurityGroup', { GroupId: group }))).toBe('DependencyViolation');
    expect(await failure(query('DeleteNetworkInterface', { NetworkInterfaceId: card }))).toBe('InvalidNetworkInterface.InUse');
    expect(await failure(query('DeleteVolume', { VolumeId: 'vol-0' }))).toBe('InvalidVolume.NotFound');
    await query('DetachNetworkInterface', { AttachmentId: `eni-attach-${card.slice(4)}` });
    await query('DeleteNetworkInterface', { NetworkInterfaceId: card });
  });

  it('keeps objects of both doors in one bucket, with versions and conditions', async () => {
    const store = createS3ObjectStore(aws, { bucket: { name: 'identity-of-hosts', owner: bed.accountId }, prefix: 'hosts/' });
    const etag = await store.put('ca key & more', Buffer.from('one'), { signal: never, ifNoneMatch: '*' });
    expect(await store.put('ca key & more', Buffer.from('two'), { signal: never, ifNoneMatch: '*' })).toBeUndefined();
    expect(await store.put('ca key & more', Buffer.from('two'), { signal: never, ifMatch: etag ?? '' })).toBeDefined();
    expect(await store.list('', never)).toEqual(['ca key & more']);
    expect(bed.account().find(({ id }) => id === 'identity-of-hosts/hosts/ca key & more')?.attributes).toMatchObject({ versions: 2 });
    const other = createS3ObjectStore(aws, { bucket: { name: 'identity-of-hosts', owner: '999999999999' } });
    expect(await failure(other.list('', never))).toBe('AccessDenied');
  });

  it('gives its own codes for faults, and takes what was done before the answer was lost', async () => {
    const once = bed.fault({ operation: 'api', type: 'ec2', action: 'DescribeSubnets', effect: 'throttle' });
    await query('DescribeSubnets');
    expect(once.hits()).toBe(1);
    bed.fault({ operation: 'api', type: 'ec2', action: 'DescribeSubnets', effect: 'denied' });
    expect(await failure(query('DescribeSubnets'))).toBe('UnauthorizedOperation');
    const volume = bed.plant('aws_ebs_volume', { availability_zone: 'eu-west-1a', size: 1 });
    const lost = bed.fault({ operation: 'api', action: 'DeleteVolume', effect: 'lost' });
    // The call is tried again, and meets a volume that is no more.
    expect(await failure(query('DeleteVolume', { VolumeId: volume }))).toBe('InvalidVolume.NotFound');
    expect(lost.hits()).toBe(1);
  });

  it('refuses whoever does not sign, or signs with another key', async () => {
    const status = await new Promise((resolve, reject) => {
      request(`${bed.endpoint}/?Action=DescribeVpcs`, (response) => resolve(response.resume().statusCode))
        .once('error', reject)
        .end();
    });
    expect(status).toBe(403);
    const forger = connectAws(hostOf(bed, { AWS_SECRET_ACCESS_KEY: 'another' }), { region: bed.region });
    expect(await failure(callerIdentity(forger, never))).toBe('SignatureDoesNotMatch');
    forger.close();
  });

  it('shows tofu what was deleted beside it', async () => {
    await query('DeleteSubnet', { SubnetId: byType(bed, 'aws_subnet').id });
    expect((await world.plan()).map(({ address, change }) => [address, change.actions])).toEqual([['aws_subnet.a', ['create']]]);
    await world.must('destroy', '-no-color', '-auto-approve');
    expect(bed.account()).toEqual([]);
  });
});
