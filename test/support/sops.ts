/** SOPS and age by hand, as far as a test needs them: one recipient, string values. Formats: age-encryption.org/v1, SOPS 3 (AES256_GCM). */
import {
  createCipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
} from 'node:crypto';

const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';

export interface AgeKey {
  /** `AGE-SECRET-KEY-1…` */
  readonly secret: string;
  /** `age1…` */
  readonly recipient: string;
  readonly publicBytes: Buffer;
}

export function createAgeKey(): AgeKey {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  const secretBytes = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
  const publicBytes = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  return { secret: bech32('age-secret-key-', secretBytes).toUpperCase(), recipient: bech32('age', publicBytes), publicBytes };
}

/** A Secret whose `data` values are encrypted, as `sops --encrypt --encrypted-regex '^data$'` writes it. */
export function sealSecret(
  key: AgeKey,
  secret: { readonly name: string; readonly namespace: string; readonly data: Readonly<Record<string, string>> },
): string {
  const dataKey = randomBytes(32);
  const mac = createHash('sha512');
  const fixed = ['v1', 'Secret', secret.name, secret.namespace];
  for (const text of fixed) mac.update(text);
  const values = Object.entries(secret.data).map(([name, text]) => {
    const encoded = Buffer.from(text).toString('base64');
    mac.update(encoded);
    return `  ${name}: ${seal(dataKey, encoded, `data:${name}:`)}`;
  });
  const modified = '2026-01-01T00:00:00Z';
  const encryptedMac = seal(dataKey, mac.digest('hex').toUpperCase(), modified);
  const armored = armor(ageEncrypt(key, dataKey))
    .split('\n')
    .map((line) => `        ${line}`)
    .join('\n');
  return `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${secret.name}\n  namespace: ${secret.namespace}\ndata:\n${values.join('\n')}\nsops:\n  age:\n    - recipient: ${key.recipient}\n      enc: |\n${armored}\n  lastmodified: "${modified}"\n  mac: ${encryptedMac}\n  encrypted_regex: ^data$\n  version: 3.9.0\n`;
}

function seal(key: Buffer, text: string, about: string): string {
  const iv = randomBytes(32);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(Buffer.from(about));
  const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return `ENC[AES256_GCM,data:${data.toString('base64')},iv:${iv.toString('base64')},tag:${cipher.getAuthTag().toString('base64')},type:str]`;
}

const hkdf = (secret: Buffer, salt: Buffer, info: string): Buffer => Buffer.from(hkdfSync('sha256', secret, salt, info, 32));
const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

function chacha(key: Buffer, nonce: Buffer, text: Buffer): Buffer {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

function ageEncrypt(key: AgeKey, text: Buffer): Buffer {
  const fileKey = randomBytes(16);
  const ephemeral = generateKeyPairSync('x25519');
  const share = Buffer.from(ephemeral.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const recipient = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: key.publicBytes.toString('base64url') }, format: 'jwk' });
  const shared = diffieHellman({
    privateKey: createPrivateKey(ephemeral.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    publicKey: recipient,
  });
  const wrapKey = hkdf(shared, Buffer.concat([share, key.publicBytes]), 'age-encryption.org/v1/X25519');
  const stanza = `age-encryption.org/v1\n-> X25519 ${unpadded(share)}\n${unpadded(chacha(wrapKey, Buffer.alloc(12), fileKey))}\n---`;
  const mac = createHmac('sha256', hkdf(fileKey, Buffer.alloc(0), 'header'))
    .update(stanza)
    .digest();
  const nonce = randomBytes(16);
  const last = Buffer.concat([Buffer.alloc(11), Buffer.from([1])]);
  return Buffer.concat([Buffer.from(`${stanza} ${unpadded(mac)}\n`), nonce, chacha(hkdf(fileKey, nonce, 'payload'), last, text)]);
}

function armor(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN AGE ENCRYPTED FILE-----', ...lines, '-----END AGE ENCRYPTED FILE-----'].join('\n');
}

/** BIP 173. */
function bech32(prefix: string, bytes: Buffer): string {
  const words: number[] = [];
  let [bits, value] = [0, 0];
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) words.push((value >> (bits - 5)) & 31);
  }
  if (bits > 0) words.push((value << (5 - bits)) & 31);
  const expanded = [...[...prefix].map((char) => char.charCodeAt(0) >> 5), 0, ...[...prefix].map((char) => char.charCodeAt(0) & 31)];
  const sum = polymod([...expanded, ...words, 0, 0, 0, 0, 0, 0]) ^ 1;
  const checksum = [0, 1, 2, 3, 4, 5].map((index) => (sum >> (5 * (5 - index))) & 31);
  return `${prefix}1${[...words, ...checksum].map((word) => ALPHABET.charAt(word)).join('')}`;
}

function polymod(values: readonly number[]): number {
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3].forEach((generator, index) => (sum ^= (top >> index) & 1 ? generator : 0));
  }
  return sum;
}
