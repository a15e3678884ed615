import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Aws, connectAws } from '../../src/aws/aws.ts';
import { findShortcomings } from '../../src/aws/bucket-settings.ts';
import type { LeftoverScope } from '../../src/aws/leftover.ts';
import { findLeftovers, sweepLeftovers } from '../../src/aws/leftovers.ts';
import { createS3Backend } from '../../src/aws/remote-backend.ts';
import { type StateBucketOptions, stateBucketStep, stateBucketUndo } from '../../src/aws/state-bucket.ts';
import { isSlipwayError } from '../../src/core/errors.ts';
import { readRemoteState } from '../../src/engine/remote/read.ts';
import { RemoteState } from '../../src/engine/remote/remote-state.ts';
import { openState } from '../../src/engine/state-folder.ts';
import type { StepContext, StepRecord, UndoContext } from '../../src/engine/step.ts';
import type { Host } from '../../src/host/host.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { type AwsBed, createAwsBed, type FaultEffect } from '../support/aws-bed.ts';
import { withEnvironment } from '../support/moto.ts';
import { temporaryFolder } from '../support/virtual-host.ts';

const { signal } = new AbortController();
/** In the first three nothing happened; `partial` did and says it did not; of `lost` nobody hears. */
const EFFECTS: readonly FaultEffect[] = ['throttle', 'error', 'denied', 'partial', 'lost'];
const OWNED = { 'kubernetes.io/cluster/demo': 'owned' };

let bed: AwsBed;
let host: Host;
let aws: Aws;

beforeAll(async () => {
  bed = await createAwsBed();
  const real = createNodeHost();
  const impatient = { ...real, clock: { ...real.clock, sleep: async (_ms: number, until?: AbortSignal) => until?.throwIfAborted() } };
  host = withEnvironment(impatient, bed.env);
});
beforeEach(() => {
  bed.clearFaults();
  aws = connectAws(host, { region: bed.region });
});
afterAll(() => bed?.close());

/** What was thrown when it was one of ours; anything else is a bug. */
async function mayFail(act: () => Promise<unknown>): Promise<void> {
  await act().catch((thrown: unknown) => {
    if (!isSlipwayError(thrown) || thrown.code.startsWith('SLW-BUG')) throw thrown;
  });
}

describe('a state bucket', () => {
  const BUCKET = 'slipway-demo-state';

  const options = (): StateBucketOptions => ({
    ...{ name: BUCKET, region: bed.region, project: 'demo', prefix: 'demo/' },
    connect: (region) => connectAws(host, { region }),
  });

  interface Journal {
    record?: StepRecord;
  }

  async function up(journal: Journal): Promise<void> {
    const step = stateBucketStep(options());
    const context: StepContext = {
      host,
      signal,
      timeoutMs: 10_000,
      outputs: () => undefined,
      record: journal.record,
      report: () => undefined,
    };
    const observed = await step.observe(context);
    const change = step.change(observed);
    if (change.kind !== 'none') {
      const intent = (await step.intent?.(observed, change, context)) ?? {};
      const kept = { ...journal.record?.intent, ...intent };
      journal.record = { step: step.id, subject: step.subject, needs: [], intent: kept, state: 'intended', outputs: {} };
      const outputs = await step.apply({ ...context, record: journal.record, observed, change, intent });
      journal.record = { ...journal.record, state: 'applied', outputs };
    }
    await step.verify?.({ ...context, record: journal.record });
  }

  function down({ record }: Journal): Promise<void> {
    if (!record) throw new Error('nothing to undo');
    const context: UndoContext = {
      host,
      signal,
      timeoutMs: 10_000,
      record,
      records: () => new Map(),
      report: () => undefined,
      options: {},
    };
    return stateBucketUndo(options().connect).undo(context);
  }

  it.each(EFFECTS)('is whole after %s at any call and another run, and gone after the same in down', async (effect) => {
    for (let nth = 1; ; nth++) {
      const journal: Journal = {};
      const fault = bed.fault({ operation: 'api', effect, nth });
      await mayFail(() => up(journal));
      const met = fault.hits() > 0;
      bed.clearFaults();
      await up(journal);
      const identity = { name: BUCKET, owner: bed.accountId };
      expect(await findShortcomings(aws, { bucket: identity }, signal)).toEqual([]);
      const again = bed.fault({ operation: 'api', effect, nth });
      await mayFail(() => down(journal));
      const metAgain = again.hits() > 0;
      bed.clearFaults();
      await down(journal);
      expect(bed.account()).toEqual([]);
      if (!met && !metAgain) return expect(nth).toBeGreaterThan(15);
    }
  });
});

describe('a journal in S3', () => {
  it.each(EFFECTS)('loses and doubles no word when %s meets any of its calls', async (effect) => {
    const bucket = { name: `journal-${effect}`, owner: bed.accountId };
    for (let nth = 1; ; nth++) {
      bed.plant('aws_s3_bucket', { bucket: bucket.name });
      const dir = temporaryFolder();
      const promised: string[] = [];
      const fault = bed.fault({ operation: 'api', effect, nth });
      await mayFail(() => talk(dir, { bucket, promised, words: ['a', 'b', 'c'] }));
      const met = fault.hits() > 0;
      bed.clearFaults();
      await talk(dir, { bucket, promised, words: ['d'] });
      const store = await createS3Backend(aws, { bucket, prefix: 'demo/' }).open(signal);
      const view = store && (await readRemoteState(store, [], signal));
      const texts = (view?.rows ?? []).map(({ body }) => (JSON.parse(body) as { text: string }).text);
      expect(texts.filter((text) => promised.includes(text))).toEqual(promised);
      bed.vanish('aws_s3_bucket', bucket.name);
      if (!met) return expect(nth).toBeGreaterThan(10);
    }
  });

  async function talk(
    dir: string,
    { bucket, promised, words }: { bucket: { name: string; owner: string }; promised: string[]; words: readonly string[] },
  ): Promise<void> {
    const { journal, dir: real } = await openState(host, dir);
    const backend = createS3Backend(connectAws(host, { region: bed.region }), { bucket, prefix: 'demo/' });
    const remote = new RemoteState(host, { journal, dir: real, backend, verb: 'up', signal });
    try {
      await remote.activate();
      for (const text of words) {
        await remote.append([{ time: '2026-11-21T00:00:00.000Z', run: 'r', type: 'step.verified', body: { text } }]);
        promised.push(text);
      }
    } finally {
      await remote.close();
      journal.close();
    }
  }
});

describe('leftovers', () => {
  const scope = (): LeftoverScope => ({ cluster: 'demo', managed: new Set() });

  function plant(): void {
    const tags = { ...OWNED, CSIVolumeName: 'pvc-1', 'kubernetes.io/created-for/pvc/name': 'data' };
    bed.plant('aws_ebs_volume', { availability_zone: `${bed.region}a`, size: 1, tags });
    bed.plant('aws_lb', { name: 'k8s-ingress', load_balancer_type: 'network', tags: { 'elbv2.k8s.aws/cluster': 'demo' } });
    bed.plant('aws_lb_target_group', { name: 'k8s-ingress', port: 80, protocol: 'TCP', tags: { 'elbv2.k8s.aws/cluster': 'demo' } });
  }

  it.each(EFFECTS)('are gone after %s at any call and another sweep; a volume of someone else stays', async (effect) => {
    const foreign = bed.plant('aws_ebs_volume', { availability_zone: `${bed.region}a`, size: 1, tags: { Name: 'demo' } });
    for (let nth = 1; ; nth++) {
      plant();
      expect(await findLeftovers(aws, scope(), signal)).toHaveLength(3);
      const fault = bed.fault({ operation: 'api', effect, nth });
      await mayFail(() => sweepLeftovers(aws, scope(), { timeoutMs: 30_000, signal }));
      const met = fault.hits() > 0;
      bed.clearFaults();
      await sweepLeftovers(aws, scope(), { timeoutMs: 30_000, signal });
      expect(bed.account().map(({ id }) => id)).toEqual([foreign]);
      if (!met) {
        expect(nth).toBeGreaterThan(15);
        break;
      }
    }
    bed.vanish('aws_ebs_volume', foreign);
  });
});
