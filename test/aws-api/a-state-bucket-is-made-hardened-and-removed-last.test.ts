import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Aws, connectAws } from '../../src/aws/aws.ts';
import { bucketExists, createBucket } from '../../src/aws/bucket.ts';
import { findShortcomings } from '../../src/aws/bucket-settings.ts';
import { callerIdentity } from '../../src/aws/identity.ts';
import { callQuery } from '../../src/aws/query.ts';
import { type Bucket, createS3ObjectStore } from '../../src/aws/s3.ts';
import { stateBucketName, type StateBucketOptions, stateBucketStep, stateBucketUndo } from '../../src/aws/state-bucket.ts';
import { textOf } from '../../src/aws/xml.ts';
import type { Step, StepContext, StepRecord, UndoContext } from '../../src/engine/step.ts';
import { type Moto, startMoto, whyNoMoto, withEnvironment } from '../support/moto.ts';

const noMoto = whyNoMoto();
const { signal } = new AbortController();
const REGION = 'eu-west-1';

describe.skipIf(noMoto !== undefined)(`a state bucket${noMoto === undefined ? '' : ` (skipped: ${noMoto})`}`, () => {
  let moto: Moto;
  let aws: Aws;
  let bucket: Bucket;
  let said: string[] = [];

  beforeAll(async () => {
    moto = await startMoto();
  });
  beforeEach(async () => {
    await moto.reset();
    said = [];
    aws = connectAws(moto.host, { region: REGION });
    const { account } = await callerIdentity(aws, signal);
    bucket = { name: stateBucketName({ project: 'demo', account, region: REGION }), owner: account };
  });
  afterAll(() => moto?.close());

  function options(over: Partial<StateBucketOptions> = {}): StateBucketOptions {
    const connect = (region: string): Aws => connectAws(moto.host, { region });
    return { name: bucket.name, region: REGION, project: 'demo', prefix: 'demo/', connect, ...over };
  }

  /** One step as the engine runs it; dies before the end of the act where told. */
  async function drive(step: Step, record?: StepRecord): Promise<{ kind: string; summary: string; record: StepRecord | undefined }> {
    const context: StepContext = {
      host: moto.host,
      signal,
      timeoutMs: 10_000,
      outputs: () => undefined,
      record,
      report: (report) => void said.push('message' in report ? report.message : ''),
    };
    const observed = await step.observe(context);
    const change = step.change(observed);
    let after = record;
    if (change.kind !== 'none') {
      const intent = (await step.intent?.(observed, change, context)) ?? {};
      const base = { step: step.id, subject: step.subject, needs: step.needs, intent };
      after = { ...base, state: 'intended', outputs: {} };
      const outputs = await step.apply({ ...context, record: after, observed, change, intent });
      after = { ...base, state: 'applied', outputs };
    }
    await step.verify?.({ ...context, record: after });
    return { kind: change.kind, summary: change.summary, record: after };
  }

  function undo(record: StepRecord, quiesce?: () => Promise<void>): Promise<void> {
    const context: UndoContext = {
      host: moto.host,
      signal,
      timeoutMs: 10_000,
      record,
      records: () => new Map(),
      report: (report) => void said.push('message' in report ? report.message : ''),
      options: {},
    };
    return stateBucketUndo(options().connect, quiesce).undo(context);
  }

  function required(record: StepRecord | undefined): StepRecord {
    if (!record) throw new Error('the step left no record');
    return record;
  }

  it('is made with all its guards, once, and is gone after down', async () => {
    const first = await drive(stateBucketStep(options()));
    expect(first.kind).toBe('create');
    expect(await findShortcomings(aws, { bucket }, signal)).toEqual([]);
    expect((await drive(stateBucketStep(options()), first.record)).kind).toBe('none');
    const store = createS3ObjectStore(aws, { bucket, prefix: 'demo/' });
    await store.put('tofu/Network/main.tfstate', Buffer.from('{"version":4,"resources":[]}'), { signal });
    await store.put('engine/lock.json', Buffer.from('{}'), { signal });
    await store.put('engine/lock.json', Buffer.from('{"owner":null}'), { signal });
    await store.delete('engine/lock.json', signal);
    await undo(required(first.record));
    expect(await bucketExists(aws, bucket, signal)).toBe(false);
    await undo(required(first.record));
  });

  it('is mended when a guard was taken off', async () => {
    const { record } = await drive(stateBucketStep(options()));
    const body = Buffer.from('<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>');
    await aws.send(
      {
        service: 's3',
        hostLabel: `${bucket.name}.s3`,
        action: 'PutBucketVersioning',
        method: 'PUT',
        path: '/',
        query: { versioning: '' },
        body,
      },
      signal,
    );
    const again = await drive(stateBucketStep(options()), record);
    expect(again).toMatchObject({ kind: 'update', summary: expect.stringContaining('it keeps no versions') });
    expect(await findShortcomings(aws, { bucket }, signal)).toEqual([]);
  });

  it('is finished by the next run when the first died at any call of the act', async () => {
    for (let dies = 1; ; dies++) {
      await moto.reset();
      let calls = 0;
      const dying = (region: string): Aws => {
        const real = connectAws(moto.host, { region });
        return {
          ...real,
          send: async (call, until) => {
            if (call.method === 'PUT' && ++calls === dies) {
              await real.send(call, until);
              throw new Error('killed');
            }
            return real.send(call, until);
          },
        };
      };
      const step = stateBucketStep(options({ connect: dying }));
      let left: StepRecord | undefined;
      const died = await drive({
        ...step,
        intent: async (observed, change, context) => {
          const intent = (await step.intent?.(observed, change, context)) ?? {};
          left = { step: step.id, subject: step.subject, needs: [], intent, state: 'intended', outputs: {} };
          return intent;
        },
      }).then(
        () => false,
        (thrown: Error) => thrown.message === 'killed',
      );
      if (!died) break;
      const next = await drive(stateBucketStep(options()), left);
      expect(await findShortcomings(aws, { bucket }, signal)).toEqual([]);
      await undo(required(next.record));
      expect(await bucketExists(aws, bucket, signal)).toBe(false);
    }
  });

  it('stays as long as a state in it describes something', async () => {
    const { record } = await drive(stateBucketStep(options()));
    const store = createS3ObjectStore(aws, { bucket, prefix: 'demo/' });
    const state = '{"version":4,"resources":[{"mode":"managed","type":"aws_vpc"},{"mode":"data","type":"aws_region"}]}';
    await store.put('tofu/Network/main.tfstate', Buffer.from(state), { signal });
    let quiet = 0;
    await expect(undo(required(record), async () => void quiet++)).rejects.toMatchObject({
      code: 'SLW-AWS-019',
      message: expect.stringContaining('demo/tofu/Network/main.tfstate in bucket'),
    });
    expect(quiet).toBe(0);
    expect(await store.get('tofu/Network/main.tfstate', signal)).toBeDefined();
  });

  it('stays when it holds something of others, which is not touched', async () => {
    const { record } = await drive(stateBucketStep(options()));
    const others = createS3ObjectStore(aws, { bucket, prefix: 'other/' });
    await others.put('tofu/main.tfstate', Buffer.from('theirs'), { signal });
    await createS3ObjectStore(aws, { bucket, prefix: 'demo/' }).put('engine/lock.json', Buffer.from('{}'), { signal });
    await undo(required(record));
    expect(said.join()).toContain('stays, because it holds other/tofu/main.tfstate');
    const all = await createS3ObjectStore(aws, { bucket }).list('', signal);
    expect(all).toEqual(['other/tofu/main.tfstate']);
  });

  it('that was there before keeps its settings and what is in it, and its weaknesses are said', async () => {
    await createBucket(aws, bucket, signal);
    const store = createS3ObjectStore(aws, { bucket, prefix: 'demo/' });
    await store.put('notes.txt', Buffer.from('of the user'), { signal });
    const { record, kind } = await drive(stateBucketStep(options()));
    expect(kind).toBe('update');
    expect(said.join()).toMatch(/keeps no versions/);
    expect(await findShortcomings(aws, { bucket }, signal)).toContain('keeps no versions');
    await store.put('engine/lock.json', Buffer.from('{}'), { signal });
    await undo(required(record));
    expect(await store.list('', signal)).toEqual(['notes.txt']);
  });

  it('whose name another account has is refused', async () => {
    const form = new URLSearchParams({ RoleArn: 'arn:aws:iam::222222222222:role/other', RoleSessionName: 'other' });
    const answer = await callQuery(
      aws,
      { service: 'sts', version: '2011-06-15', action: 'AssumeRole', params: Object.fromEntries(form) },
      signal,
    );
    const part = (name: string): string => textOf(answer, 'AssumeRoleResult', 'Credentials', name) ?? '';
    const other = withEnvironment(moto.host, {
      ...moto.env,
      AWS_ACCESS_KEY_ID: part('AccessKeyId'),
      AWS_SECRET_ACCESS_KEY: part('SecretAccessKey'),
      AWS_SESSION_TOKEN: part('SessionToken'),
    });
    const theirs = connectAws(other, { region: REGION });
    expect((await callerIdentity(theirs, signal)).account).toBe('222222222222');
    await createBucket(theirs, { ...bucket, owner: '222222222222' }, signal);
    await expect(createBucket(aws, bucket, signal)).rejects.toMatchObject({ code: 'SLW-AWS-012', exit: 77 });
  });
});
