import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HttpEndpoint, startEndpoint } from '../../test/support/http-endpoint.ts';
import { createVirtualHost, temporaryFolder, type VirtualHost } from '../../test/support/virtual-host.ts';
import { Redactor } from '../core/redaction.ts';
import { createAuthority, issueLeaf } from '../pki/certificates.ts';
import { type Aws, connectAws } from './aws.ts';
import { bucketExists } from './bucket.ts';
import { awsCodeOf, transportFailure } from './failure.ts';
import { awsEnvironment, callerIdentity } from './identity.ts';
import { callQuery } from './query.ts';
import { createS3ObjectStore } from './s3.ts';

const { signal } = new AbortController();
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'planted-secret-key' };
const IDENTITY =
  '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/a</Arn><UserId>U</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>';
const NAMES_EC2 = { service: 'ec2', version: '2016-11-15', action: 'DescribeVpcs' } as const;

let endpoint: HttpEndpoint;
let host: VirtualHost;
let aws: Aws;

function hostWith(variables: Readonly<Record<string, string>>): VirtualHost {
  const base = createVirtualHost();
  return { ...base, env: { ...base.env, get: (name) => variables[name], variables: () => variables } };
}

beforeEach(async () => {
  endpoint = await startEndpoint();
  host = hostWith({ ...KEYS, AWS_ENDPOINT_URL: endpoint.url });
  aws = connectAws(host, { region: 'eu-west-1' });
});
afterEach(() => {
  aws.close();
  endpoint.close();
});

const ec2Error = (code: string, message = ''): string =>
  `<?xml version="1.0"?><Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>r</RequestID></Response>`;
const queryError = (code: string, message = ''): string =>
  `<ErrorResponse xmlns="x"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;
const jsonError = (code: string): string => JSON.stringify({ __type: `com.amazon.coral#${code}`, message: 'words' });

describe('a call', () => {
  it('is signed, and its answer is read', async () => {
    endpoint.answers = [{ status: 200, body: IDENTITY }];
    expect(await callerIdentity(aws, signal)).toEqual({ account: '123456789012', arn: 'arn:aws:iam::123456789012:user/a', userId: 'U' });
    expect(endpoint.asked[0]).toMatchObject({
      method: 'POST',
      body: 'Action=GetCallerIdentity&Version=2011-06-15',
      headers: { authorization: expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=AKIATEST\/20260101\/eu-west-1\/sts\/aws4_request/) },
    });
  });

  it('that is throttled, meets a fault or loses its connection is tried again, each time later', async () => {
    endpoint.answers = [
      { status: 503, body: ec2Error('RequestLimitExceeded') },
      { status: 500, body: ec2Error('InternalError') },
      { status: 0, hangUp: true },
      { status: 400, body: queryError('Throttling') },
      { status: 409, body: '<Error><Code>OperationAborted</Code></Error>' },
      { status: 200, body: '<DescribeVpcsResponse/>' },
    ];
    await callQuery(aws, NAMES_EC2, signal);
    expect(endpoint.asked).toHaveLength(6);
    expect(host.clock.sleeps).toHaveLength(5);
  });

  it('is given up after six attempts, with its name', async () => {
    endpoint.answers = [{ status: 503, headers: { 'retry-after': '2' }, body: ec2Error('Unavailable') }];
    await expect(callQuery(aws, NAMES_EC2, signal)).rejects.toMatchObject({
      code: 'SLW-AWS-007',
      exit: 75,
      message: expect.stringContaining('ec2:DescribeVpcs in eu-west-1 failed'),
    });
    expect(host.clock.sleeps).toEqual([2000, 2000, 2000, 2000, 2000]);
  });

  it('ends with its signal', async () => {
    const controller = new AbortController();
    controller.abort(new DOMException('stop', 'AbortError'));
    await expect(callQuery(aws, NAMES_EC2, controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
    expect(endpoint.asked).toHaveLength(0);
  });

  const refusals: readonly (readonly [status: number, body: string, code: string, text: RegExp])[] = [
    [400, queryError('ExpiredToken', 'The security token is expired'), 'SLW-AWS-002', /credentials of the environment/],
    [403, queryError('InvalidClientTokenId'), 'SLW-AWS-003', /credentials of the environment/],
    [403, queryError('SignatureDoesNotMatch', 'Signature not yet current: 2026'), 'SLW-AWS-004', /not yet current/],
    [403, queryError('SignatureDoesNotMatch', 'we calculated another'), 'SLW-AWS-003', /SignatureDoesNotMatch/],
    [403, ec2Error('UnauthorizedOperation', 'no'), 'SLW-AWS-005', /^ec2:DescribeVpcs is not permitted/],
    [
      400,
      jsonError('AccessDeniedException').replace('words', 'User: x is not authorized to perform: kms:Decrypt on resource'),
      'SLW-AWS-005',
      /^kms:Decrypt is not permitted/,
    ],
    [400, ec2Error('VpcLimitExceeded', 'The maximum number of VPCs has been reached.'), 'SLW-AWS-009', /VpcLimitExceeded/],
    [401, ec2Error('OptInRequired'), 'SLW-AWS-010', /OptInRequired/],
    [400, ec2Error('InvalidVpcID.NotFound', 'vpc-1'), 'SLW-AWS-011', /InvalidVpcID\.NotFound: vpc-1/],
    [404, '', 'SLW-AWS-011', /HTTP404/],
    [400, 'not xml <', 'SLW-AWS-011', /HTTP400/],
  ];

  it.each(refusals)('refused with %d %s is %s', async (status, body, code, text) => {
    endpoint.answers = [{ status, body }];
    await expect(callQuery(aws, NAMES_EC2, signal)).rejects.toMatchObject({ code, message: expect.stringMatching(text) });
    expect(endpoint.asked).toHaveLength(1);
  });

  it('trusts the authorities of AWS_CA_BUNDLE besides those of Node, and no others', async () => {
    const now = Date.now();
    const validity = { notBefore: now - 60_000, notAfter: now + 600_000 };
    const authority = await createAuthority({ commonName: 'gateway' }, validity);
    const leaf = await issueLeaf(authority, {
      subject: { commonName: 'localhost' },
      validity,
      dnsNames: ['localhost'],
      usages: ['server'],
    });
    const server = createServer({ cert: leaf.certificatePem, key: leaf.privateKeyPem }, (_request, response) => response.end(IDENTITY));
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const bundle = join(temporaryFolder(), 'ca.pem');
    writeFileSync(bundle, authority.certificatePem);
    const variables = { ...KEYS, AWS_ENDPOINT_URL: `https://localhost:${port}` };
    try {
      await expect(callerIdentity(connectAws(hostWith(variables), { region: 'eu-west-1' }), signal)).rejects.toMatchObject({
        code: 'SLW-AWS-008',
      });
      const trusting = connectAws(hostWith({ ...variables, AWS_CA_BUNDLE: bundle }), { region: 'eu-west-1' });
      expect((await callerIdentity(trusting, signal)).account).toBe('123456789012');
      trusting.close();
      const broken = connectAws(hostWith({ ...variables, AWS_CA_BUNDLE: '/nowhere' }), { region: 'eu-west-1' });
      await expect(callerIdentity(broken, signal)).rejects.toMatchObject({ message: 'AWS_CA_BUNDLE is /nowhere, which cannot be read' });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('to where nobody listens says so', async () => {
    const port = await host.net.freePort();
    const nowhere = connectAws(hostWith({ ...KEYS, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` }), { region: 'eu-west-1' });
    await expect(callerIdentity(nowhere, signal)).rejects.toMatchObject({ code: 'SLW-AWS-008', exit: 69 });
  });

  it('to a region whose name does not resolve asks whether it is the right one', () => {
    const thrown = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
    const call = { service: 'sts', action: 'GetCallerIdentity', method: 'POST', path: '/' } as const;
    const context = { call, url: new URL('https://sts.eu-west-9.amazonaws.com'), region: 'eu-west-9', from: 'the environment' };
    expect(transportFailure(thrown, context)).toMatchObject({
      code: 'SLW-AWS-008',
      message: expect.stringContaining('is eu-west-9 the right region'),
    });
  });

  it('never carries the secret, and every sink is told to hide it', async () => {
    const redactor = new Redactor();
    endpoint.answers = [{ status: 400, body: ec2Error('AuthFailure') }];
    const own = connectAws(host, { region: 'eu-west-1', redactor });
    const failure = await callQuery(own, NAMES_EC2, signal).catch((thrown: unknown) => thrown);
    expect(JSON.stringify([failure, endpoint.asked])).not.toContain('planted-secret-key');
    expect(redactor.redact('it is planted-secret-key')).not.toContain('planted');
  });
});

describe('a region', () => {
  it.each(['', 'eu', 'eu-west', 'EU-WEST-1', 'eu_west_1', 'eu-west-1a', 'eu-west-1.example.com'])('%s is refused', (region) => {
    expect(() => connectAws(host, { region })).toThrow(expect.objectContaining({ code: 'SLW-AWS-010' }));
  });
});

describe('credentials', () => {
  it.each([
    [{ AWS_ACCESS_KEY_ID: 'AKIATEST' }, 'AWS_SECRET_ACCESS_KEY is missing'],
    [{ AWS_SECRET_ACCESS_KEY: 'secret' }, 'AWS_ACCESS_KEY_ID is missing'],
  ])('that are half there are named: %j', async (variables, text) => {
    const half = connectAws(hostWith(variables), { region: 'eu-west-1' });
    await expect(half.credentials(signal)).rejects.toMatchObject({ code: 'SLW-AWS-001', exit: 75, message: expect.stringContaining(text) });
  });

  it('are those of a child too, but never keys beside a profile', () => {
    const env = { home: '/home/a', variables: () => ({ ...KEYS, AWS_CA_BUNDLE: '/ca', SECRET: 'x', HTTPS_PROXY: 'http://p' }) };
    expect(awsEnvironment(env, { region: 'eu-west-1' })).toEqual({
      ...KEYS,
      AWS_CA_BUNDLE: '/ca',
      HTTPS_PROXY: 'http://p',
      HOME: '/home/a',
      AWS_REGION: 'eu-west-1',
    });
    expect(awsEnvironment(env, { region: 'eu-west-1', profile: 'staging' })).toEqual({
      AWS_CA_BUNDLE: '/ca',
      HTTPS_PROXY: 'http://p',
      HOME: '/home/a',
      AWS_REGION: 'eu-west-1',
      AWS_PROFILE: 'staging',
    });
  });
});

describe('a bucket', () => {
  const bucket = { name: 'state', owner: '123456789012' };
  const s3Error = (code: string): string => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>m</Message></Error>`;

  it('is asked as that of its owner, and a condition that fails is an answer', async () => {
    const store = createS3ObjectStore(aws, { bucket, prefix: 'demo/' });
    endpoint.answers = [
      { status: 412, body: s3Error('PreconditionFailed') },
      { status: 409, body: s3Error('ConditionalRequestConflict') },
      { status: 404, body: s3Error('NoSuchKey') },
      { status: 200, headers: { etag: '"1"' } },
      { status: 404, body: s3Error('NoSuchKey') },
    ];
    const body = Buffer.from('x');
    expect(await store.put('a b/c+d', body, { signal, ifNoneMatch: '*' })).toBeUndefined();
    expect(await store.put('k', body, { signal, ifNoneMatch: '*' })).toBeUndefined();
    expect(await store.put('k', body, { signal, ifMatch: '"0"' })).toBeUndefined();
    expect(await store.put('k', body, { signal })).toBe('"1"');
    expect(await store.get('k', signal)).toBeUndefined();
    expect(endpoint.asked[0]).toMatchObject({
      url: '/state/demo/a%20b/c%2Bd',
      headers: { 'if-none-match': '*', 'x-amz-expected-bucket-owner': '123456789012' },
    });
    expect(endpoint.asked[2]?.headers['if-match']).toBe('"0"');
  });

  it('that is missing is no empty one', async () => {
    endpoint.answers = [{ status: 404, body: s3Error('NoSuchBucket') }];
    const failure: unknown = await createS3ObjectStore(aws, { bucket })
      .get('k', signal)
      .catch((thrown: unknown) => thrown);
    expect(awsCodeOf(failure)).toBe('NoSuchBucket');
  });

  it('that answers 403 is of someone else when it is not among ours', async () => {
    const list = (name: string): string =>
      `<ListAllMyBucketsResult><Buckets><Bucket><Name>${name}</Name></Bucket></Buckets></ListAllMyBucketsResult>`;
    endpoint.answers = [{ status: 403 }, { status: 200, body: list('other') }];
    await expect(bucketExists(aws, bucket, signal)).rejects.toMatchObject({ code: 'SLW-AWS-012', exit: 77 });
    endpoint.answers = [{ status: 403 }, { status: 200, body: list('state') }];
    await expect(bucketExists(aws, bucket, signal)).rejects.toMatchObject({ code: 'SLW-AWS-005' });
    endpoint.answers = [{ status: 403 }, { status: 403, body: s3Error('AccessDenied') }];
    await expect(bucketExists(aws, bucket, signal)).rejects.toMatchObject({
      code: 'SLW-AWS-012',
      message: expect.stringContaining('or s3:ListBucket is not permitted'),
    });
  });

  it('of another region is said with its region', async () => {
    endpoint.answers = [{ status: 200, headers: { 'x-amz-bucket-region': 'us-east-2' } }];
    await expect(bucketExists(aws, bucket, signal)).rejects.toMatchObject({
      code: 'SLW-AWS-013',
      message: 'bucket state is in us-east-2, not in eu-west-1',
    });
    endpoint.answers = [{ status: 301, body: s3Error('PermanentRedirect') }];
    await expect(createS3ObjectStore(aws, { bucket }).get('k', signal)).rejects.toMatchObject({ code: 'SLW-AWS-013' });
  });

  it('is listed page by page', async () => {
    const page = (keys: readonly string[], next?: string): string =>
      `<ListBucketResult><IsTruncated>${next !== undefined}</IsTruncated>${keys.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('')}${next === undefined ? '' : `<NextContinuationToken>${next}</NextContinuationToken>`}</ListBucketResult>`;
    endpoint.answers = [
      { status: 200, body: page(['demo/a', 'demo/b'], 'more==') },
      { status: 200, body: page(['demo/&amp;']) },
    ];
    expect(await createS3ObjectStore(aws, { bucket, prefix: 'demo/' }).list('', signal)).toEqual(['a', 'b', '&']);
    expect(endpoint.asked[1]?.url).toContain('continuation-token=more%3D%3D');
  });
});
