/**
 * The objects of one VPN in its store, and who may do what with them:
 *
 * | objects | operators | hosts |
 * |---|---|---|
 * | `authority/…` | read, write | nothing; encrypted with a key of their own that hosts cannot use |
 * | `hosts/…` | read, write | read |
 * | `reports/…` | read, delete | write |
 */

/** Private keys and the register of certificates: one object, so that every change of it is one conditional write. */
export const IDENTITY_KEY = 'authority/identity.json';

/** Which generation the hosts shall have; the only object under `hosts/` that ever changes. */
export const CURRENT_KEY = 'hosts/current.json';

export const GENERATIONS_PREFIX = 'hosts/generations/';
export const FILES_PREFIX = 'hosts/files/';
export const REPORTS_PREFIX = 'reports/';

/** All that a host needs, immutable. The revision comes first, so that older ones are known without being read. */
export const generationKey = (revision: number, digest: string): string =>
  `${GENERATIONS_PREFIX}${String(revision).padStart(10, '0')}-${digest}.json`;

/** Undefined for what is no generation. */
export function revisionOf(key: string): number | undefined {
  const digits = /^(\d{10,})-/.exec(key.slice(GENERATIONS_PREFIX.length))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** A program or package for hosts, named by the SHA-256 of its bytes. */
export const fileKey = (digest: string): string => `${FILES_PREFIX}${digest}`;
