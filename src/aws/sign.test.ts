import { describe, expect, it } from 'vitest';
import { presignUrl, signRequest } from './sign.ts';

/** From AWS's Signature Version 4 test suite (aws-sig-v4-test-suite: get-vanilla, get-vanilla-query-order-key-case, post-x-www-form-urlencoded). */
const scope = {
  service: 'service',
  region: 'us-east-1',
  credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', from: 'a test' },
  now: Date.UTC(2015, 7, 30, 12, 36, 0),
};

describe('a signature', () => {
  it('is that of the published examples', async () => {
    const signed = await signRequest({ method: 'GET', url: new URL('https://example.amazonaws.com/'), headers: {} }, scope);
    expect(signed['authorization']).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    );
    const query = await signRequest(
      { method: 'GET', url: new URL('https://example.amazonaws.com/?Param2=value2&Param1=value1'), headers: {} },
      scope,
    );
    expect(query['authorization']).toContain('Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500');
  });

  it('covers what the body says, and carries the session', async () => {
    const request = { method: 'POST', url: new URL('https://example.amazonaws.com/'), headers: {} };
    const credentials = { ...scope.credentials, sessionToken: 'a-session' };
    const [one, other] = await Promise.all(
      ['a', 'b'].map((text) => signRequest({ ...request, body: Buffer.from(text) }, { ...scope, credentials })),
    );
    expect(one?.['authorization']).not.toBe(other?.['authorization']);
    expect(one?.['x-amz-security-token']).toBe('a-session');
  });

  it('of S3 says the digest of the body', async () => {
    const request = { method: 'PUT', url: new URL('https://b.s3.eu-west-1.amazonaws.com/k'), headers: {}, body: Buffer.from('x') };
    const signed = await signRequest(request, { ...scope, service: 's3' });
    expect(signed['x-amz-content-sha256']).toBe('2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881');
  });

  it('in a URL names the header that must be sent along, and when it ends', async () => {
    const request = {
      method: 'GET',
      url: new URL('https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity'),
      headers: { 'x-k8s-aws-id': 'demo' },
    };
    const url = await presignUrl(request, { ...scope, service: 'sts', region: 'eu-west-1' }, 60);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      Action: 'GetCallerIdentity',
      'X-Amz-Expires': '60',
      'X-Amz-SignedHeaders': 'host;x-k8s-aws-id',
      'X-Amz-Credential': 'AKIDEXAMPLE/20150830/eu-west-1/sts/aws4_request',
    });
  });
});
