/** The bucket of a VPN's identity as the store that vpn/ works on: what only operators may read has a key of its own. */
import { type AwsPlace, requireAccount, sharedAws } from '../../aws/account.ts';
import { createS3ObjectStore } from '../../aws/s3.ts';
import type { Outputs } from '../../engine/step.ts';
import type { ObjectStore } from '../../engine/remote/store.ts';
import type { NetworkContext } from '../network.ts';

export interface IdentityBucket {
  readonly bucket: string;
  readonly authorityPrefix: string;
  readonly hostKeyArn: string;
  readonly authorityKeyArn: string;
}

/** From what the network's step recorded; undefined before it was made, or without a VPN. */
export function identityBucket(outputs: Outputs | undefined): IdentityBucket | undefined {
  const identity = outputs?.['vpnIdentity'];
  return typeof identity === 'object' && identity !== null ? (identity as unknown as IdentityBucket) : undefined;
}

export interface StoreOptions {
  readonly place: AwsPlace;
  readonly context: Pick<NetworkContext, 'host' | 'redactor' | 'shared' | 'defer'>;
  readonly signal: AbortSignal;
}

/** @throws SLW-NET-002, SLW-AWS-… */
export async function openVpnStore(identity: IdentityBucket, { place, context, signal }: StoreOptions): Promise<ObjectStore> {
  const { account } = await requireAccount(context, place, signal);
  const aws = sharedAws(context, place);
  const bucket = { name: identity.bucket, owner: account };
  const hosts = createS3ObjectStore(aws, { bucket, kmsKeyId: identity.hostKeyArn });
  const authority = createS3ObjectStore(aws, { bucket, kmsKeyId: identity.authorityKeyArn });
  const storeOf = (key: string): ObjectStore => (key.startsWith(identity.authorityPrefix) ? authority : hosts);
  return {
    location: `s3://${identity.bucket}`,
    get: (key, own) => storeOf(key).get(key, own),
    put: (key, body, options) => storeOf(key).put(key, body, options),
    list: (prefix, own) => storeOf(prefix).list(prefix, own),
    delete: (key, own) => storeOf(key).delete(key, own),
  };
}
