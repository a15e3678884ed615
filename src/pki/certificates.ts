/**
 * Certificates: an own authority and leaves under it (EC P-256, SHA-256). Knows no files and no Kubernetes.
 * The X.509 library is loaded only when something is issued; reading and checking is done by node:crypto alone.
 */
import { X509Certificate } from 'node:crypto';
import type * as Library from '@peculiar/x509';
import type { Name, X509CertificateGenerator } from '@peculiar/x509';

/** A certificate and its private key (PKCS#8), both PEM. */
export interface KeyAndCertificate {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export interface Subject {
  readonly commonName: string;
  /** Kubernetes reads client groups from here. */
  readonly organizations?: readonly string[];
}

export interface Validity {
  /** ms since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface LeafRequest {
  readonly subject: Subject;
  readonly usages: readonly ('server' | 'client')[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly validity: Validity;
}

export const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Renew when less than this share of the life is left. */
const RENEWAL_SHARE = 1 / 3;

/** A self-signed authority that may sign leaves only (path length 0). */
export async function createAuthority(subject: Subject, validity: Validity): Promise<KeyAndCertificate> {
  const x509 = await loadLibrary();
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: nameOf(x509, subject),
    keys,
    notBefore: new Date(validity.notBefore),
    notAfter: new Date(validity.notAfter),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificatePem: pem(certificate.toString('pem')), privateKeyPem: await exportKey(keys.privateKey) };
}

/** A certificate under `authority`, with a fresh key; it never outlives the authority. */
export async function issueLeaf(authority: KeyAndCertificate, request: LeafRequest): Promise<KeyAndCertificate> {
  const x509 = await loadLibrary();
  const issuer = new x509.X509Certificate(authority.certificatePem);
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    subject: nameOf(x509, request.subject),
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.privateKeyPem),
    notBefore: new Date(Math.max(request.validity.notBefore, issuer.notBefore.getTime())),
    notAfter: new Date(Math.min(request.validity.notAfter, issuer.notAfter.getTime())),
    signingAlgorithm: ALGORITHM,
    extensions: await leafExtensions(x509, request, { issuer: issuer.publicKey, subject: keys.publicKey }),
  });
  return { certificatePem: pem(certificate.toString('pem')), privateKeyPem: await exportKey(keys.privateKey) };
}

/** Well before the end (a third of the life left), or when the clock stands before the beginning. */
export function needsRenewal(certificatePem: string, nowMs: number): boolean {
  const { notBefore, notAfter } = validityOf(certificatePem);
  return nowMs < notBefore || notAfter - nowMs < (notAfter - notBefore) * RENEWAL_SHARE;
}

/** @throws what node:crypto throws for text that is no certificate. */
export function validityOf(certificatePem: string): Validity {
  const certificate = new X509Certificate(certificatePem);
  return { notBefore: certificate.validFromDate.getTime(), notAfter: certificate.validToDate.getTime() };
}

/** SHA-256 over the DER form, lower-case hex. */
export function fingerprintOf(certificatePem: string): string {
  return new X509Certificate(certificatePem).fingerprint256.replaceAll(':', '').toLowerCase();
}

/** Lower-case hex, as revocation lists and registers hold it. */
export function serialOf(certificatePem: string): string {
  return new X509Certificate(certificatePem).serialNumber.toLowerCase();
}

type Extensions = NonNullable<Parameters<typeof X509CertificateGenerator.create>[0]['extensions']>;

async function leafExtensions(
  x509: typeof Library,
  request: LeafRequest,
  keys: { issuer: Parameters<(typeof Library)['AuthorityKeyIdentifierExtension']['create']>[0]; subject: CryptoKey },
): Promise<Extensions> {
  const usage = { server: x509.ExtendedKeyUsage.serverAuth, client: x509.ExtendedKeyUsage.clientAuth };
  const names = [
    ...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(request.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension(request.usages.map((name) => usage[name])),
    ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    await x509.AuthorityKeyIdentifierExtension.create(keys.issuer),
    await x509.SubjectKeyIdentifierExtension.create(keys.subject),
  ];
}

/** The structured form: characters such as `,` or `+` in a name need no escaping. */
function nameOf(x509: typeof Library, subject: Subject): Name {
  const organizations = (subject.organizations ?? []).map((value) => ({ O: [{ utf8String: value }] }));
  return new x509.Name([...organizations, { CN: [{ utf8String: subject.commonName }] }]);
}

/** For the neighbours in this folder. */
export async function loadLibrary(): Promise<typeof Library> {
  // The library's container wants this polyfill to be there first.
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

async function generateKeys(): Promise<{ readonly publicKey: CryptoKey; readonly privateKey: CryptoKey }> {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function exportKey(key: CryptoKey): Promise<string> {
  const der = await crypto.subtle.exportKey('pkcs8', key);
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

/** The key that signs certificates and revocation lists. */
export async function importKey(privateKeyPem: string): Promise<CryptoKey> {
  const der = Buffer.from(privateKeyPem.replace(/-----[A-Z ]+-----/g, ''), 'base64');
  return crypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
}

const pem = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);
