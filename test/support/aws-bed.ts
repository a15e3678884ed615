/**
 * A stand-in for one AWS account on loopback: OpenTofu runs for real on the test provider (test/aws-provider) and our own calls are
 * answered over HTTP, both from one store; what it does like AWS, and what not, stands in test/aws-provider/README.md.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Account } from './aws/account.ts';
import { Faults } from './aws/faults.ts';
import { writeCliConfiguration } from './aws/provider-binary.ts';
import type { Wire } from './aws/provider-wire.ts';
import { serve } from './aws/server.ts';
import { Store, tagsOf } from './aws/store.ts';

/** One thing in the account, whoever made it. */
export interface AwsResource {
  /** As OpenTofu calls it: `aws_vpc`; for what it never makes (a volume of a pod, say) the name it would have. */
  readonly type: string;
  readonly id: string;
  readonly region: string;
  /** All attributes with their wire names, as the provider's schema has them. */
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly tags: Readonly<Record<string, string>>;
  /** `provider` through OpenTofu, `api` by our own calls, `service` by AWS itself (an instance of a group), `planted` by the test. */
  readonly origin: 'provider' | 'api' | 'service' | 'planted';
}

/** What calls a fault meets; no field: any. */
export interface FaultMatch {
  /** `aws_vpc`; of our own calls the service as it is signed: `ec2`, `s3`. */
  readonly type?: string;
  /** What the provider asks (`api` is any call of our own). */
  readonly operation?: 'create' | 'read' | 'update' | 'delete' | 'data' | 'api';
  /** Of our own calls: `DescribeVpcs`, `PutObject`. */
  readonly action?: string;
  /** Only for ids, names or addresses that hold this text. */
  readonly about?: string;
  /** The first call met, counted from 1 among those that match; 1 when absent. */
  readonly nth?: number;
  /** How many calls in a row are met; 1 when absent. */
  readonly times?: number;
}

/**
 * `throttle`, `denied`, `quota`, `error`: nothing happened, AWS' own code comes back. `partial`: it happened, and the answer is an error.
 * `lost`: it happened, and the connection breaks before the answer. `crash-before`, `crash-after`: the provider's process ends by SIGKILL
 * before or after it happened. `slow`: answered after `ms`. `hold`: answered when `release` is called.
 */
export type FaultEffect = 'throttle' | 'denied' | 'quota' | 'error' | 'partial' | 'lost' | 'crash-before' | 'crash-after' | 'slow' | 'hold';

export interface Fault extends FaultMatch {
  readonly effect: FaultEffect;
  readonly ms?: number;
}

export interface PlacedFault {
  /** How many calls it met so far. */
  readonly hits: () => number;
  /** Resolves at the first hit. */
  readonly met: Promise<void>;
  /** Lets a held call go on; the fault is gone. */
  release(): void;
}

export interface AwsCall {
  readonly operation: 'create' | 'read' | 'update' | 'delete' | 'data' | 'api';
  /** Resource type, or `service.Action` of our own calls. */
  readonly what: string;
  readonly id?: string;
  /** HTTP status. */
  readonly status: number;
}

export interface AwsBed {
  /** For children that use AWS: endpoint, keys, region, TF_CLI_CONFIG_FILE with the provider's mirror. Lay it over the caller's own. */
  readonly env: Readonly<Record<string, string>>;
  /** `http://127.0.0.1:PORT`: every service answers there (AWS_ENDPOINT_URL). */
  readonly endpoint: string;
  /** 12 digits. */
  readonly accountId: string;
  readonly region: string;
  /** Everything there is, sorted by type and id; `[]` is an empty account (what AWS gives every account is not listed). */
  account(): readonly AwsResource[];
  /** Adds something that nobody's OpenTofu made: foreign resources, a controller's load balancer. Returns its id. */
  plant(type: string, attributes: Readonly<Record<string, unknown>>): string;
  /** Changes behind everyone's back, for drift. */
  drift(type: string, id: string, attributes: Readonly<Record<string, unknown>>): void;
  /** Deletes behind everyone's back, with what AWS deletes along. */
  vanish(type: string, id: string): void;
  fault(fault: Fault): PlacedFault;
  clearFaults(): void;
  calls(): readonly AwsCall[];
  close(): Promise<void>;
}

export interface AwsBedOptions {
  /** `eu-west-1` when absent. */
  readonly region?: string;
  /** Creates and deletes take the times AWS documents, divided by this; at once when absent. */
  readonly timesDividedBy?: number;
  /** How many there can be in a region; AWS' defaults, five of each, when absent. */
  readonly quotas?: { readonly vpcs?: number; readonly addresses?: number };
  /** URL under which an EKS cluster's API answers, and its CA (PEM), for every cluster made; a placeholder when absent. */
  readonly clusterApi?: { readonly endpoint: string; readonly certificateAuthority: string };
  /** Where the account is kept, to outlive the process; memory only when absent. */
  readonly file?: string;
  /** Fixed port, to start again under the same endpoint; free one when absent. */
  readonly port?: number;
}

const ACCOUNT = '123456789012';
const ACCESS_KEY = 'AKIATESTBED000000001';
const SECRET_KEY = 'test-bed-secret-key-that-opens-nothing';
const PLACEHOLDER = {
  endpoint: 'https://127.0.0.1:1',
  certificateAuthority: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
};

/** Builds the provider when it is not in the cache (needs Go), and starts an account: empty, or as `file` has it. */
export async function createAwsBed(options: AwsBedOptions = {}): Promise<AwsBed> {
  const region = options.region ?? 'eu-west-1';
  const folder = mkdtempSync(join(tmpdir(), 'slipway-aws-bed-'));
  const cliConfiguration = await writeCliConfiguration(folder);
  const store = new Store(ACCOUNT, options.file);
  const account = new Account({
    store,
    clusterApi: options.clusterApi ?? PLACEHOLDER,
    quotas: { vpcs: 5, addresses: 5, ...options.quotas },
    ...(options.timesDividedBy !== undefined && { timesDividedBy: options.timesDividedBy }),
  });
  const faults = new Faults();
  const calls: AwsCall[] = [];
  const wire: Wire = { account, faults, accessKey: ACCESS_KEY, secretKey: SECRET_KEY, record: (call) => calls.push(call) };
  const server = await serve(wire, options.port ?? 0);
  const endpoint = `http://127.0.0.1:${server.port}`;
  return {
    env: environment({ endpoint, region, cliConfiguration }),
    endpoint,
    accountId: ACCOUNT,
    region,
    account: () => snapshot(account),
    plant: (type, attributes) => plant(account, region, { type, attributes }),
    drift: (type, id, attributes) => {
      const resource = account.require(type, id);
      resource.attributes = { ...resource.attributes, ...structuredClone(attributes) };
    },
    vanish: (type, id) => account.vanish(type, id),
    fault: (fault) => faults.place(fault),
    clearFaults: () => faults.clear(),
    calls: () => [...calls],
    close: async () => {
      faults.clear();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function environment({
  endpoint,
  region,
  cliConfiguration,
}: {
  readonly endpoint: string;
  readonly region: string;
  readonly cliConfiguration: string;
}): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: ACCESS_KEY,
    AWS_SECRET_ACCESS_KEY: SECRET_KEY,
    AWS_REGION: region,
    AWS_EC2_METADATA_DISABLED: 'true',
    // Nobody's own configuration reaches a test.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    TF_CLI_CONFIG_FILE: cliConfiguration,
    CHECKPOINT_DISABLE: '1',
  };
}

function plant(
  account: Account,
  region: string,
  { type, attributes }: { readonly type: string; readonly attributes: Readonly<Record<string, unknown>> },
): string {
  const { tags, ...rest } = structuredClone(attributes) as Record<string, unknown>;
  return account.create({ type, region, origin: 'planted', attributes: { ...rest, tags_all: rest['tags_all'] ?? tags ?? {} } }).id;
}

function snapshot(account: Account): readonly AwsResource[] {
  const resources = account.listed().map(({ type, id, region, attributes, origin }): AwsResource => {
    return {
      type,
      id,
      region,
      origin,
      attributes: structuredClone(attributes),
      tags: { ...tagsOf({ type, id, region, attributes, origin }) },
    };
  });
  return [...resources, ...looseObjects(account)].sort((a, b) =>
    a.type === b.type ? a.id.localeCompare(b.id) : a.type.localeCompare(b.type),
  );
}

/** Objects that no provider made: they fill a bucket too. */
function looseObjects(account: Account): readonly AwsResource[] {
  return account.store.list('aws_s3_bucket').flatMap((bucket) =>
    account.store.objects
      .versions(bucket.id)
      .filter(([key]) => !account.store.get('aws_s3_object', `${bucket.id}/${key}`))
      .map(([key, versions]): AwsResource => {
        const current = versions.at(-1);
        const attributes = {
          bucket: bucket.id,
          key,
          etag: current?.etag ?? '',
          deleted: current?.deleteMarker === true,
          versions: versions.length,
        };
        return { type: 'aws_s3_object', id: `${bucket.id}/${key}`, region: bucket.region, origin: 'api', attributes, tags: {} };
      }),
  );
}
