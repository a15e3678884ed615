/** Bare key pairs: for signing ServiceAccount tokens and for deploy keys. Synchronous node:crypto, nothing to load. */
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';

export interface KeyPairPem {
  /** PKCS#8 PEM. */
  readonly privateKeyPem: string;
  /** SPKI PEM. */
  readonly publicKeyPem: string;
}

/** EC P-256 (JWT algorithm ES256, which kube-apiserver accepts for `--service-account-signing-key-file`). */
export function createSigningKeyPair(): KeyPairPem {
  const pair = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { privateKeyPem: pair.privateKey, publicKeyPem: pair.publicKey };
}

export interface DeployKey {
  /** PKCS#8 PEM, as go-git and Flux read it. */
  readonly privateKeyPem: string;
  /** One line `ssh-ed25519 AAAA… comment` without a line feed. */
  readonly publicLine: string;
  /** `SHA256:…` as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
}

/** An ed25519 key pair for reading a Git repository over SSH. */
export function createDeployKey(comment: string): DeployKey {
  const pair = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return { privateKeyPem: pair.privateKey, ...describeDeployKey(pair.privateKey, comment) };
}

/** Public line and fingerprint of a private ed25519 key made earlier. */
export function describeDeployKey(privateKeyPem: string, comment: string): Omit<DeployKey, 'privateKeyPem'> {
  const jwk = createPublicKey(privateKeyPem).export({ format: 'jwk' });
  if (jwk.crv !== 'Ed25519' || jwk.x === undefined) throw new TypeError(`not an ed25519 key but ${jwk.crv ?? jwk.kty ?? 'unknown'}`);
  const blob = Buffer.concat([sshString('ssh-ed25519'), sshString(Buffer.from(jwk.x, 'base64url'))]);
  const digest = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '');
  const tail = comment.replace(/\s+/g, ' ').trim();
  return { publicLine: `ssh-ed25519 ${blob.toString('base64')}${tail === '' ? '' : ` ${tail}`}`, fingerprint: `SHA256:${digest}` };
}

/** RFC 4251 §5: length as uint32, then the bytes. */
function sshString(data: string | Buffer): Buffer {
  const bytes = Buffer.from(data as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
