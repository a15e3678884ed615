/**
 * A set of certificates as files: `NAME.crt` and `NAME.key` in one private folder (0700, files 0600), each written
 * atomically. A kill between the two leaves a pair that does not match, which the next look finds and issues anew.
 */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { join } from 'node:path';
import { SlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import {
  createAuthority,
  issueLeaf,
  type KeyAndCertificate,
  type LeafRequest,
  needsRenewal,
  type Subject,
  type Validity,
} from './certificates.ts';
import { createSigningKeyPair } from './keys.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
export const AUTHORITY_LIFE_MS = 3650 * DAY_MS;
export const LEAF_LIFE_MS = 365 * DAY_MS;
/** Clocks of neighbours differ a little. */
const BACKDATE_MS = 5 * MINUTE_MS;

export interface AuthoritySpec {
  readonly name: string;
  readonly subject: Subject;
  readonly lifeMs?: number;
}

export interface LeafSpec extends Omit<LeafRequest, 'validity'> {
  readonly name: string;
  /** Name of the authority in the same set. */
  readonly issuer: string;
  readonly lifeMs?: number;
}

export interface IdentitySet {
  readonly dir: string;
  readonly authorities: readonly AuthoritySpec[];
  readonly leaves: readonly LeafSpec[];
  /** Names of bare signing key pairs: `NAME.key`, `NAME.pub`. */
  readonly signingKeys: readonly string[];
}

/** What is wrong with one member; authorities come before what they sign. */
export interface IdentityFault {
  readonly name: string;
  readonly reason: 'missing' | 'due for renewal' | 'not as wanted' | 'key does not match' | 'issuer changed';
}

export const certificateFile = (dir: string, name: string): string => join(dir, `${name}.crt`);
export const keyFile = (dir: string, name: string): string => join(dir, `${name}.key`);
export const publicKeyFile = (dir: string, name: string): string => join(dir, `${name}.pub`);

/** Compares the files with the set and the clock; changes nothing. Empty: all is well. */
export async function findIdentityFaults(host: Host, set: IdentitySet): Promise<readonly IdentityFault[]> {
  const faults: IdentityFault[] = [];
  for (const spec of set.authorities) faults.push(...(await authorityFault(host, set, spec)));
  const renewed = new Set(faults.map((fault) => fault.name));
  for (const spec of set.leaves) {
    const reason = renewed.has(spec.issuer) ? 'issuer changed' : await leafFault(host, set, spec);
    if (reason) faults.push({ name: spec.name, reason });
  }
  for (const name of set.signingKeys) {
    if (
      (await host.files.readText(keyFile(set.dir, name))) === undefined ||
      (await host.files.readText(publicKeyFile(set.dir, name))) === undefined
    )
      faults.push({ name, reason: 'missing' });
  }
  return faults;
}

/** Makes or renews what `findIdentityFaults` finds; safe to call again after dying anywhere inside. Returns what it renewed. */
export async function ensureIdentities(host: Host, set: IdentitySet): Promise<readonly IdentityFault[]> {
  await host.files.mkdir(set.dir, 0o700);
  await host.files.chmod(set.dir, 0o700);
  const faults = await findIdentityFaults(host, set);
  const faulty = new Set(faults.map((fault) => fault.name));
  for (const spec of set.authorities) {
    if (faulty.has(spec.name))
      await writePair(
        host,
        { dir: set.dir, name: spec.name },
        await createAuthority(spec.subject, validity(host, spec.lifeMs ?? AUTHORITY_LIFE_MS)),
      );
  }
  for (const spec of set.leaves) {
    if (faulty.has(spec.name))
      await writePair(
        host,
        { dir: set.dir, name: spec.name },
        await issueLeaf(await readPair(host, set.dir, spec.issuer), { ...spec, validity: validity(host, spec.lifeMs ?? LEAF_LIFE_MS) }),
      );
  }
  for (const name of set.signingKeys) if (faulty.has(name)) await writeSigningKey(host, set.dir, name);
  return faults;
}

/** Reads certificate and key of one member. @throws SLW-PKI-001 when one is missing. */
export async function readPair(host: Host, dir: string, name: string): Promise<KeyAndCertificate> {
  const [certificatePem, privateKeyPem] = await Promise.all([
    host.files.readText(certificateFile(dir, name)),
    host.files.readText(keyFile(dir, name)),
  ]);
  if (certificatePem === undefined || privateKeyPem === undefined)
    throw new SlipwayError('SLW-PKI-001', `certificate ${name} is incomplete in ${dir}`);
  return { certificatePem, privateKeyPem };
}

async function authorityFault(host: Host, set: IdentitySet, spec: AuthoritySpec): Promise<readonly IdentityFault[]> {
  const pair = await tryPair(host, set.dir, spec.name);
  if (!pair) return [{ name: spec.name, reason: 'missing' }];
  if (!matches(pair, certificateFile(set.dir, spec.name))) return [{ name: spec.name, reason: 'key does not match' }];
  return needsRenewal(pair.certificatePem, host.clock.now()) ? [{ name: spec.name, reason: 'due for renewal' }] : [];
}

async function leafFault(host: Host, set: IdentitySet, spec: LeafSpec): Promise<IdentityFault['reason'] | undefined> {
  const pair = await tryPair(host, set.dir, spec.name);
  if (!pair) return 'missing';
  const parsed = parseLeaf(pair.certificatePem);
  if (!parsed || !matches(pair)) return 'key does not match';
  const issuer = await host.files.readText(certificateFile(set.dir, spec.issuer));
  if (issuer === undefined || !parsed.verify(new X509Certificate(issuer).publicKey)) return 'issuer changed';
  if (!isAsWanted(parsed, spec)) return 'not as wanted';
  return needsRenewal(pair.certificatePem, host.clock.now()) ? 'due for renewal' : undefined;
}

function isAsWanted(certificate: X509Certificate, spec: LeafSpec): boolean {
  const subject = [...(spec.subject.organizations ?? []).map((value) => `O=${value}`), `CN=${spec.subject.commonName}`].join('\n');
  const [dns, ips] = [spec.dnsNames ?? [], spec.ipAddresses ?? []];
  const written = (certificate.subjectAltName ?? '').split(', ').filter((entry) => entry !== '');
  const named = dns.every((name) => written.includes(`DNS:${name}`)) && ips.every((address) => certificate.checkIP(address) !== undefined);
  return certificate.subject === subject && named && written.length === dns.length + ips.length;
}

async function tryPair(host: Host, dir: string, name: string): Promise<KeyAndCertificate | undefined> {
  const [certificatePem, privateKeyPem] = await Promise.all([
    host.files.readText(certificateFile(dir, name)),
    host.files.readText(keyFile(dir, name)),
  ]);
  return certificatePem === undefined || privateKeyPem === undefined ? undefined : { certificatePem, privateKeyPem };
}

function parseLeaf(certificatePem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(certificatePem);
  } catch {
    return undefined;
  }
}

/** With `path` given, an unreadable certificate is an error instead of a mismatch. */
function matches(pair: KeyAndCertificate, path?: string): boolean {
  try {
    return new X509Certificate(pair.certificatePem).checkPrivateKey(createPrivateKey(pair.privateKeyPem));
  } catch (error) {
    if (path !== undefined) throw new SlipwayError('SLW-PKI-001', `cannot read the certificate authority ${path}`, { cause: error });
    return false;
  }
}

const validity = (host: Host, lifeMs: number): Validity => {
  const now = host.clock.now();
  return { notBefore: now - Math.min(BACKDATE_MS, lifeMs / 4), notAfter: now + lifeMs };
};

async function writePair(
  host: Host,
  { dir, name }: { readonly dir: string; readonly name: string },
  pair: KeyAndCertificate,
): Promise<void> {
  await host.files.writeAtomic(keyFile(dir, name), pair.privateKeyPem, { mode: 0o600 });
  await host.files.writeAtomic(certificateFile(dir, name), pair.certificatePem, { mode: 0o600 });
}

async function writeSigningKey(host: Host, dir: string, name: string): Promise<void> {
  const pair = createSigningKeyPair();
  await host.files.writeAtomic(keyFile(dir, name), pair.privateKeyPem, { mode: 0o600 });
  await host.files.writeAtomic(publicKeyFile(dir, name), pair.publicKeyPem, { mode: 0o600 });
}
