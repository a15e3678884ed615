/** Certificate revocation lists (RFC 5280 §5): made and read; what is revoked, and why, is the caller's register. */
import { ALGORITHM, importKey, type KeyAndCertificate, loadLibrary } from './certificates.ts';

export interface RevokedCertificate {
  /** Lower-case hex. */
  readonly serial: string;
  /** ms since the epoch. */
  readonly revokedAt: number;
}

export interface RevocationListRequest {
  readonly revoked: readonly RevokedCertificate[];
  /** Counts up with every list of this authority (RFC 5280 §5.2.3). */
  readonly number: number;
  /** ms since the epoch; a verifier refuses a list from the future, and everybody once `nextUpdate` is past. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

/** A list signed by `authority`, PEM. */
export async function createRevocationList(authority: KeyAndCertificate, request: RevocationListRequest): Promise<string> {
  const x509 = await loadLibrary();
  const issuer = new x509.X509Certificate(authority.certificatePem);
  const list = await x509.X509CrlGenerator.create({
    issuer: issuer.subjectName,
    thisUpdate: new Date(request.thisUpdate),
    nextUpdate: new Date(request.nextUpdate),
    signingAlgorithm: ALGORITHM,
    signingKey: await importKey(authority.privateKeyPem),
    // Without a reason the library writes an empty sequence of entry extensions, which OpenSSL does not read.
    entries: request.revoked.map(({ serial, revokedAt }) => ({
      serialNumber: serial,
      revocationDate: new Date(revokedAt),
      reason: x509.X509CrlReason.privilegeWithdrawn,
    })),
    extensions: [
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      new x509.Extension(CRL_NUMBER, false, derInteger(request.number)),
    ],
  });
  // RFC 7468 §6 calls it X509 CRL; the library's own label is read by nobody else.
  return `${list
    .toString('pem')
    .replaceAll(/(BEGIN|END) CRL/g, '$1 X509 CRL')
    .trimEnd()}\n`;
}

export interface RevocationListFacts {
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** Lower-case hex. */
  readonly serials: readonly string[];
}

/** @throws what the library throws for text that is no list */
export async function readRevocationList(listPem: string): Promise<RevocationListFacts> {
  const x509 = await loadLibrary();
  const list = new x509.X509Crl(Buffer.from(listPem.replace(/-----[A-Z0-9 ]+-----/g, ''), 'base64'));
  return {
    thisUpdate: list.thisUpdate.getTime(),
    nextUpdate: list.nextUpdate?.getTime() ?? Number.POSITIVE_INFINITY,
    serials: list.entries.map(({ serialNumber }) => serialNumber.toLowerCase()),
  };
}

const CRL_NUMBER = '2.5.29.20';

function derInteger(value: number): ArrayBuffer {
  const digits = value.toString(16);
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  // A leading one bit would mean a negative number.
  const content = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
  return new Uint8Array([0x02, content.length, ...content]).buffer;
}
