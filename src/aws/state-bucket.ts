/**
 * The bucket that holds states: made and hardened when it is absent, left as it is when it was there before, removed last and only when
 * nothing of other states is in it. A bucket of another account is refused, never used. Whether we made it says the tag on it, which is the
 * receipt, or our own record of having been about to.
 */
import { sha256 } from '../core/digest.ts';
import { SlipwayError } from '../core/errors.ts';
import {
  type Change,
  defineStep,
  type Intent,
  type Step,
  type StepContext,
  type StepId,
  type StepRecord,
  type UndoContext,
  type UndoHandler,
} from '../engine/step.ts';
import type { Aws } from './aws.ts';
import { bucketExists, createBucket, deleteBucket } from './bucket.ts';
import { deleteVersions, findForeignKey } from './bucket-content.ts';
import { findShortcomings, hardenBucket, readBucketTags, type Shortcoming, writeBucketTags } from './bucket-settings.ts';
import { callerIdentity } from './identity.ts';
import type { Bucket } from './s3.ts';
import { findUsedState } from './state-objects.ts';
import { ENGINE_FOLDER, TOFU_FOLDER } from './state-place.ts';

type Connect = (region: string, profile?: string) => Aws;

export interface StateBucketOptions {
  readonly name: string;
  readonly region: string;
  readonly profile?: string;
  readonly project: string;
  /** Where this project keeps its objects in it: `NAME/`; other prefixes belong to others. */
  readonly prefix: string;
  /** Encrypts by default with this key of KMS. */
  readonly kmsKeyArn?: string;
  /** Opens a connection; closed here. */
  readonly connect: Connect;
  /** Called when the bucket is there, before the step counts as done: lock and journal move into it. */
  readonly onReady?: () => Promise<void>;
}

const MADE_BY = 'slipway.dev/managed-by';
const MADE_FOR = 'slipway.dev/project';

/** `slipway-PROJECT-ACCOUNT-REGION`, with a digest where that is too long for a bucket; the same for ever. */
export function stateBucketName({
  project,
  account,
  region,
}: {
  readonly project: string;
  readonly account: string;
  readonly region: string;
}): string {
  const end = `-${account}-${region}`;
  const whole = `slipway-${project}${end}`;
  if (whole.length <= 63) return whole;
  const digest = sha256(project).slice(0, 8);
  return `slipway-${project.slice(0, 63 - 'slipway-'.length - digest.length - 1 - end.length).replace(/-+$/, '')}-${digest}${end}`;
}

interface Observed {
  readonly bucket: Bucket;
  readonly state: 'absent' | 'ours' | 'foreign';
  readonly shortcomings: readonly Shortcoming[];
  /** It is ours and no record says so: made from another machine. */
  readonly unrecorded: boolean;
}

/** Step `aws/make-state-bucket/<name>`; everything that uses the state needs it. Outputs: bucket, region, account. */
export function stateBucketStep(options: StateBucketOptions): Step {
  const { name, region, project } = options;
  return defineStep<Observed>({
    id: stateBucketStepId(name),
    title: `make the state bucket ${name}`,
    subject: `Project/${project}`,
    needs: [],
    observe: (context) => withAws(options, (aws) => observe(aws, options, context)),
    change: (observed) => changeOf(observed, options),
    intent: async (observed) => intentOf(observed, options),
    apply: ({ observed, signal }) =>
      withAws(options, async (aws) => {
        if (observed.state !== 'foreign') await make(aws, { options, bucket: observed.bucket }, signal);
        await options.onReady?.();
        return { bucket: name, region, account: observed.bucket.owner };
      }),
    verify: (context) => withAws(options, (aws) => verify(aws, options, context)),
  });
}

export function stateBucketStepId(name: string): StepId {
  return `aws/make-state-bucket/${name}`;
}

async function observe(aws: Aws, { name, kmsKeyArn }: StateBucketOptions, { record, signal }: StepContext): Promise<Observed> {
  const { account } = await callerIdentity(aws, signal);
  const bucket = { name, owner: account };
  if (!(await bucketExists(aws, bucket, signal))) return { bucket, state: 'absent', shortcomings: [], unrecorded: false };
  const [tags, shortcomings] = await Promise.all([
    readBucketTags(aws, bucket, signal),
    findShortcomings(aws, { bucket, ...(kmsKeyArn !== undefined && { kmsKeyArn }) }, signal),
  ]);
  const marked = tags[MADE_BY] === 'slipway';
  const ours = marked || record?.intent.choices?.['made'] === true;
  return {
    bucket,
    state: ours ? 'ours' : 'foreign',
    shortcomings: marked || !ours ? shortcomings : ['bears no mark', ...shortcomings],
    unrecorded: record === undefined,
  };
}

function changeOf({ bucket, state, shortcomings, unrecorded }: Observed, { prefix }: StateBucketOptions): Change {
  if (state === 'absent') return { kind: 'create', summary: `make bucket ${bucket.name} in account ${bucket.owner}` };
  if (state === 'ours' && shortcomings.length > 0)
    return { kind: 'update', summary: `mend bucket ${bucket.name}: it ${shortcomings.join(', ')}` };
  if (unrecorded) return { kind: 'update', summary: `use bucket ${bucket.name} below ${prefix}` };
  return { kind: 'none', summary: 'up to date' };
}

function intentOf({ bucket, state }: Observed, { name, region, profile, prefix }: StateBucketOptions): Intent {
  const made = state !== 'foreign';
  const data = { bucket: name, region, account: bucket.owner, prefix, made, ...(profile !== undefined && { profile }) };
  return {
    choices: { made },
    undo: { handler: STATE_BUCKET_HANDLER, data, title: `remove the state from bucket ${name}`, ...(made && { destroys: name }) },
  };
}

async function make(
  aws: Aws,
  { options, bucket }: { readonly options: StateBucketOptions; readonly bucket: Bucket },
  signal: AbortSignal,
): Promise<void> {
  const { kmsKeyArn, project } = options;
  await createBucket(aws, bucket, signal);
  const tags = await readBucketTags(aws, bucket, signal);
  if (tags[MADE_BY] !== 'slipway')
    await writeBucketTags(aws, { bucket, tags: { ...tags, [MADE_BY]: 'slipway', [MADE_FOR]: project } }, signal);
  await hardenBucket(aws, { bucket, ...(kmsKeyArn !== undefined && { kmsKeyArn }) }, signal);
}

/** What a bucket of the user's own lacks is said, not mended. */
async function verify(aws: Aws, options: StateBucketOptions, context: StepContext): Promise<void> {
  const { bucket, state, shortcomings } = await observe(aws, options, context);
  if (state === 'absent') throw new SlipwayError('SLW-AWS-011', `bucket ${bucket.name} is gone`, { object: bucket.name, retry: 'backoff' });
  if (state === 'foreign' && shortcomings.length > 0)
    context.report({ type: 'finding', level: 'warning', code: 'SLW-AWS-018', message: `bucket ${bucket.name} ${shortcomings.join(', ')}` });
}

export const STATE_BUCKET_HANDLER = 'aws/remove-state-bucket';

interface UndoData {
  readonly bucket: string;
  readonly region: string;
  readonly account: string;
  readonly prefix: string;
  readonly made: boolean;
  readonly profile?: string;
}

/** Undo of `stateBucketStep`, from its record alone. `quiesce` runs before anything is deleted: lock and journal leave the bucket. */
export function stateBucketUndo(connect: Connect, quiesce: () => Promise<void> = async () => undefined): UndoHandler {
  return {
    plan: async ({ record }) => {
      const { bucket, made } = undoDataOf(record);
      return {
        kind: 'delete',
        summary: `remove the state from bucket ${bucket}${made ? ', and the bucket when nothing else is in it' : ''}`,
        ...(made && { destroys: [bucket] }),
      };
    },
    undo: async (context) => {
      const data = undoDataOf(context.record);
      await withAws({ region: data.region, connect, ...(data.profile !== undefined && { profile: data.profile }) }, async (aws) => {
        await remove(aws, { data, quiesce }, context);
      });
    },
  };
}

function undoDataOf(record: StepRecord): UndoData {
  return record.intent.undo?.data as unknown as UndoData;
}

/** In a bucket that was there before, even our prefix may hold what others put there. */
const OWN_FOLDERS = [TOFU_FOLDER, ENGINE_FOLDER];

async function remove(
  aws: Aws,
  { data, quiesce }: { readonly data: UndoData; readonly quiesce: () => Promise<void> },
  context: UndoContext,
): Promise<void> {
  const { signal } = context;
  const [bucket, { prefix }] = [{ name: data.bucket, owner: data.account }, data];
  if (!(await bucketExists(aws, bucket, signal))) return quiesce();
  const used = await findUsedState(aws, { bucket, prefix: prefix + TOFU_FOLDER }, signal);
  if (used)
    throw new SlipwayError('SLW-AWS-019', `${used.key} in bucket ${bucket.name} still describes ${used.resources} resources`, {
      object: bucket.name,
    });
  await quiesce();
  const prefixes = data.made ? [prefix] : OWN_FOLDERS.map((folder) => prefix + folder);
  for (const own of prefixes) await deleteVersions(aws, { bucket, prefix: own }, signal);
  if (!data.made) return;
  const foreign = await findForeignKey(aws, { bucket, prefix }, signal);
  if (foreign === undefined) return deleteBucket(aws, bucket, signal);
  context.report({ type: 'finding', level: 'info', message: `bucket ${bucket.name} stays, because it holds ${foreign}` });
}

async function withAws<T>(
  { region, profile, connect }: Pick<StateBucketOptions, 'region' | 'profile' | 'connect'>,
  act: (aws: Aws) => Promise<T>,
): Promise<T> {
  const aws = connect(region, profile);
  try {
    return await act(aws);
  } finally {
    aws.close();
  }
}
