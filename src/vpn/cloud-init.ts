/** The user data of a VPN host: fetches the pinned agent from the store with the instance's own role, and nothing else. No secret in it. */
import type { HostFile } from './vpn.ts';

/** Put in by the HCL module, which alone knows the values; a literal works as well. */
export const PLACEHOLDERS = {
  bucket: '@@BUCKET@@',
  region: '@@REGION@@',
  /** Of this host: the allocation of the fixed address that it takes at boot. */
  allocationId: '@@ALLOCATION_ID@@',
  /** `NAME-vpn-0`. */
  host: '@@HOST@@',
} as const;

export interface UserDataRequest {
  readonly bucket: string;
  readonly region: string;
  /** Before all keys of the store, `""` or `vpn/`. */
  readonly prefix: string;
  readonly host: string;
  readonly allocationId?: string;
  readonly agents: Readonly<Record<string, HostFile>>;
  /** For tests and other S3s. */
  readonly endpoints?: { readonly s3?: string; readonly ec2?: string; readonly imds?: string };
}

/** `#cloud-config` text, below the 16 KiB that EC2 takes. Pure: equal requests give equal bytes. */
export function renderUserData(request: UserDataRequest): string {
  return JSON.stringify(request);
}
