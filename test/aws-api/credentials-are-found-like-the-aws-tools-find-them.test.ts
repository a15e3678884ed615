import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectAws } from '../../src/aws/aws.ts';
import { createBucket } from '../../src/aws/bucket.ts';
import { callerIdentity } from '../../src/aws/identity.ts';
import { callQuery } from '../../src/aws/query.ts';
import { createS3ObjectStore } from '../../src/aws/s3.ts';
import { textOf } from '../../src/aws/xml.ts';
import { type Moto, startMoto, whyNoMoto, withEnvironment } from '../support/moto.ts';
import { temporaryFolder } from '../support/virtual-host.ts';

const noMoto = whyNoMoto();
const { signal } = new AbortController();
const REGION = 'eu-west-1';

/** The library of AWS reads the process' own environment, as in the product, where both are the same. */
const before = { ...process.env };

describe.skipIf(noMoto !== undefined)(`credentials${noMoto === undefined ? '' : ` (skipped: ${noMoto})`}`, () => {
  let moto: Moto;
  const folder = temporaryFolder();
  const files = { AWS_CONFIG_FILE: join(folder, 'config'), AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'), HOME: folder };

  beforeAll(async () => {
    moto = await startMoto();
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      files.AWS_SHARED_CREDENTIALS_FILE,
      '[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = default-secret-key\n',
    );
    writeFileSync(
      files.AWS_CONFIG_FILE,
      [
        '[profile other]',
        'role_arn = arn:aws:iam::222222222222:role/operator',
        'source_profile = default',
        `region = ${REGION}`,
        '[profile tool]',
        `credential_process = "${join(folder, 'tool.sh')}"`,
        '[profile late]',
        `credential_process = "${join(folder, 'late.sh')}"`,
        '[profile sso]',
        'sso_start_url = https://example.awsapps.com/start',
        'sso_region = eu-west-1',
        'sso_account_id = 123456789012',
        'sso_role_name = operator',
        '',
      ].join('\n'),
    );
    const answer = (expiration: string): string =>
      `#!/bin/sh\necho '${JSON.stringify({ Version: 1, AccessKeyId: 'AKIATOOL', SecretAccessKey: 'tool-secret-key', SessionToken: 't', Expiration: expiration })}'\n`;
    writeFileSync(join(folder, 'tool.sh'), answer('2099-01-01T00:00:00Z'), { mode: 0o700 });
    writeFileSync(join(folder, 'late.sh'), answer('2020-01-01T00:00:00Z'), { mode: 0o700 });
    for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
    Object.assign(process.env, files, { AWS_ENDPOINT_URL: moto.endpoint, AWS_EC2_METADATA_DISABLED: 'true' });
  });
  afterAll(() => {
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, before);
    moto?.close();
  });

  const withVariables = (variables: Readonly<Record<string, string>>) =>
    withEnvironment(moto.host, { ...files, AWS_ENDPOINT_URL: moto.endpoint, ...variables });
  const keys = { AWS_ACCESS_KEY_ID: 'AKIAENV', AWS_SECRET_ACCESS_KEY: 'env-secret-key' };
  const keyOf = async (variables: Readonly<Record<string, string>>, profile?: string): Promise<string> => {
    const aws = connectAws(withVariables(variables), { region: REGION, ...(profile !== undefined && { profile }) });
    return (await aws.credentials(signal)).accessKeyId;
  };

  it('come from the profile that is named, else from keys in the environment, else from the files', async () => {
    expect(await keyOf(keys, 'tool')).toBe('AKIATOOL');
    expect(await keyOf({ ...keys, AWS_PROFILE: 'tool' })).toBe('AKIAENV');
    expect(await keyOf({ AWS_PROFILE: 'tool' })).toBe('AKIATOOL');
    expect(await keyOf({})).toBe('AKIADEFAULT');
  });

  it('of a role are taken from STS and work in its account', async () => {
    const aws = connectAws(withVariables({}), { region: REGION, profile: 'other' });
    expect(await callerIdentity(aws, signal)).toMatchObject({
      account: '222222222222',
      arn: expect.stringContaining('assumed-role/operator'),
    });
  });

  it('that are late, or need a login, or do not exist say so, and how to get them', async () => {
    const ask = (profile: string) => connectAws(withVariables({}), { region: REGION, profile }).credentials(signal);
    await expect(ask('late')).rejects.toMatchObject({ code: 'SLW-AWS-002', exit: 75, message: expect.stringContaining('profile late') });
    await expect(ask('sso')).rejects.toMatchObject({
      exit: 75,
      message: expect.stringMatching(/profile sso gives no AWS credentials: .*sso/i),
    });
    await expect(ask('nobody')).rejects.toMatchObject({ code: 'SLW-AWS-001', message: expect.stringContaining('nobody') });
  });

  it('whose policy does not allow an action make it named', async () => {
    const admin = connectAws(withEnvironment(moto.host, moto.env), { region: REGION });
    const iam = (action: string, params: Record<string, string>) =>
      callQuery(admin.in('us-east-1'), { service: 'iam', version: '2010-05-08', action, params }, signal);
    await iam('CreateUser', { UserName: 'limited' });
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: ['s3:CreateBucket', 's3:GetObject'], Resource: '*' }],
    });
    await iam('PutUserPolicy', { UserName: 'limited', PolicyName: 'p', PolicyDocument: policy });
    const made = await iam('CreateAccessKey', { UserName: 'limited' });
    const part = (name: string): string => textOf(made, 'CreateAccessKeyResult', 'AccessKey', name) ?? '';
    await moto.enforcePolicies();
    const limited = connectAws(withVariables({ AWS_ACCESS_KEY_ID: part('AccessKeyId'), AWS_SECRET_ACCESS_KEY: part('SecretAccessKey') }), {
      region: REGION,
    });
    const bucket = { name: 'limited-bucket', owner: '123456789012' };
    await createBucket(limited, bucket, signal);
    const store = createS3ObjectStore(limited, { bucket });
    await expect(store.put('k', Buffer.from('x'), { signal })).rejects.toMatchObject({
      code: 'SLW-AWS-005',
      exit: 77,
      message: expect.stringContaining('s3:PutObject'),
    });
    const describe = { service: 'ec2', version: '2016-11-15', action: 'DescribeVpcs' };
    await expect(callQuery(limited, describe, signal)).rejects.toMatchObject({
      code: 'SLW-AWS-005',
      message: expect.stringContaining('ec2:DescribeVpcs'),
    });
    const wrong = connectAws(withVariables({ AWS_ACCESS_KEY_ID: part('AccessKeyId'), AWS_SECRET_ACCESS_KEY: 'not-the-secret-of-it' }), {
      region: REGION,
    });
    await expect(callQuery(wrong, describe, signal)).rejects.toMatchObject({ code: 'SLW-AWS-003', exit: 77 });
  });
});
