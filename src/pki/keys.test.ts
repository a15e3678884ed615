import { createPublicKey, sign, verify } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createDeployKey, createSigningKeyPair, describeDeployKey } from './keys.ts';

it('makes deploy keys whose public line and fingerprint ssh-keygen confirms', () => {
  const key = createDeployKey('slipway fleet');
  const dir = mkdtempSync(join(tmpdir(), 'keys-'));
  try {
    writeFileSync(join(dir, 'id.pub'), `${key.publicLine}\n`);
    expect(execFileSync('ssh-keygen', ['-l', '-f', join(dir, 'id.pub')], { encoding: 'utf8' })).toBe(
      `256 ${key.fingerprint} slipway fleet (ED25519)\n`,
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
  expect(describeDeployKey(key.privateKeyPem, 'slipway fleet')).toEqual({ publicLine: key.publicLine, fingerprint: key.fingerprint });
});

it('refuses to describe a key of another kind', () => {
  expect(() => describeDeployKey(createSigningKeyPair().privateKeyPem, '')).toThrow(/not an ed25519 key but P-256/);
});

it('makes signing pairs that belong together', () => {
  const pair = createSigningKeyPair();
  const signature = sign('sha256', Buffer.from('x'), pair.privateKeyPem);
  expect(verify('sha256', Buffer.from('x'), createPublicKey(pair.publicKeyPem), signature)).toBe(true);
});
