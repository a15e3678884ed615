import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createAuthority, issueLeaf, serialOf } from './certificates.ts';
import { createRevocationList, readRevocationList } from './revocation.ts';

const DAY = 86_400_000;
// OpenSSL compares with its own clock.
const NOW = Math.floor(Date.now() / 1000) * 1000;
const life = { notBefore: NOW - DAY, notAfter: NOW + 30 * DAY };
const dir = mkdtempSync(join(tmpdir(), 'revocation-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('createRevocationList', () => {
  it('makes a list by which OpenSSL refuses exactly the revoked', async () => {
    const authority = await createAuthority({ commonName: 'ca' }, life);
    const [good, bad] = await Promise.all(
      ['good', 'bad'].map((commonName) => issueLeaf(authority, { subject: { commonName }, usages: ['client'], validity: life })),
    );
    const list = await createRevocationList(authority, {
      revoked: [{ serial: serialOf(bad!.certificatePem), revokedAt: NOW - 1000 }],
      number: 200,
      thisUpdate: NOW - DAY,
      nextUpdate: NOW + 10 * DAY,
    });
    write({ 'ca.crt': authority.certificatePem, 'crl.pem': list, 'good.crt': good!.certificatePem, 'bad.crt': bad!.certificatePem });
    expect(verify('good.crt')).toContain('OK');
    expect(verify('bad.crt')).toContain('certificate revoked');
    expect(openssl('crl', '-in', 'crl.pem', '-noout', '-crlnumber')).toContain('C8');
    expect(openssl('crl', '-in', 'crl.pem', '-noout', '-CAfile', 'ca.crt')).toContain('verify OK');
  });

  it('tells when it was made, when it ends and whom it names, for any register', async () => {
    const authority = await createAuthority({ commonName: 'ca' }, life);
    const serial = fc.stringMatching(/^[1-7][0-9a-f]{31}$/);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(serial, { maxLength: 20 }), fc.integer({ min: 1, max: 2 ** 31 }), async (serials, number) => {
        const revoked = serials.map((each) => ({ serial: each, revokedAt: NOW }));
        const facts = await readRevocationList(
          await createRevocationList(authority, { revoked, number, thisUpdate: NOW, nextUpdate: NOW + DAY }),
        );
        expect(facts).toEqual({ thisUpdate: NOW, nextUpdate: NOW + DAY, serials });
      }),
      { numRuns: 20 },
    );
  });
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
}

function openssl(...args: readonly string[]): string {
  try {
    return execFileSync('sh', ['-c', 'exec openssl "$@" 2>&1', 'openssl', ...args], { cwd: dir, encoding: 'utf8' });
  } catch (error) {
    return String((error as { stdout?: string }).stdout);
  }
}

const verify = (name: string): string => openssl('verify', '-crl_check', '-CAfile', 'ca.crt', '-CRLfile', 'crl.pem', name);
