import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Aws, connectAws } from '../../src/aws/aws.ts';
import { bucketExists } from '../../src/aws/bucket.ts';
import { createS3ObjectStore } from '../../src/aws/s3.ts';
import type { ObjectStore } from '../../src/engine/remote/store.ts';
import type { RemoteOwner } from '../../src/engine/remote/lock.ts';
import { readRemoteOwner } from '../../src/engine/remote/lock.ts';
import { readRemoteState } from '../../src/engine/remote/read.ts';
import { type Moto, startMoto, whyNoMoto } from '../support/moto.ts';
import { createSandbox, PLAIN_CLUSTER, type Sandbox, type SlipwayResult } from '../support/slipway.ts';

const noMoto = whyNoMoto();
const { signal } = new AbortController();
const BUCKET = { name: 'slipway-demo-123456789012-eu-west-1', owner: '123456789012' };
const PROJECT = `apiVersion: slipway.dev/v1alpha1
kind: Project
metadata: {name: demo}
spec: {state: {backend: s3, s3: {region: eu-west-1}}}
---
${PLAIN_CLUSTER}`;

describe.skipIf(noMoto !== undefined)(`a project with remote state${noMoto === undefined ? '' : ` (skipped: ${noMoto})`}`, () => {
  let moto: Moto;
  let aws: Aws;
  let store: ObjectStore;
  let ann: Sandbox;
  let bob: Sandbox;

  beforeAll(async () => {
    moto = await startMoto();
    aws = connectAws(moto.host, { region: 'eu-west-1' });
    store = createS3ObjectStore(aws, { bucket: BUCKET, prefix: 'demo/engine/' });
    ann = createSandbox({ files: { 'slipway.yaml': PROJECT } });
    bob = createSandbox({ files: { 'slipway.yaml': PROJECT } });
  });
  afterAll(async () => {
    await ann?.remove();
    await bob?.remove();
    moto?.close();
  });

  const slipway = (who: Sandbox, ...args: readonly string[]): Promise<SlipwayResult> => who.run(args, { env: moto.env });

  const shownHashes = ({ stdout }: SlipwayResult): readonly string[] =>
    stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { readonly hash: string }).hash);

  /** Until the run owns the remote lock; the test's own bound ends it. */
  async function untilLocked(): Promise<RemoteOwner> {
    for (;;) {
      const owner = (await bucketExists(aws, BUCKET, signal)) ? await readRemoteOwner(store, signal) : undefined;
      if (owner) return owner;
      await moto.host.clock.sleep(50);
    }
  }

  it('whose run is killed keeps others out, and goes on from its own folder', async () => {
    const run = ann.start(['up', '--yes'], { env: moto.env });
    const owner = await untilLocked();
    run.child.kill('SIGKILL');
    expect((await run.result).signal).toBe('SIGKILL');
    const other = await slipway(bob, 'up', '--yes');
    expect(other.code).toBe(75);
    expect(other.stderr).toContain(`s3://${BUCKET.name}/demo/engine is locked by ${owner.host}:${owner.pid} (slipway up) since 20`);
    expect(other.stderr).toContain('SLW-RST-001');
    const again = await slipway(ann, 'up', '--yes');
    expect(`${again.stdout}${again.stderr}`).toContain(`left its lock in s3://${BUCKET.name}/demo/engine; continuing from its journal`);
    expect(again.code).toBe(0);
    expect(await readRemoteOwner(store, signal)).toBeUndefined();
  });

  it('plans nothing the second time, from whichever machine its bucket is looked at', async () => {
    expect((await slipway(ann, 'plan', '--detailed-exitcode')).code).toBe(0);
    const elsewhere = await slipway(bob, 'plan', '--output', 'json');
    expect(elsewhere.stdout).not.toContain('make bucket');
  });

  it('has all its journal in the bucket, which every machine shows and proves; without a way to it each shows its own', async () => {
    const rows = (await readRemoteState(store, [], signal))?.rows ?? [];
    const hashes = rows.map(({ hash }) => hash);
    for (const who of [ann, bob]) {
      expect(shownHashes(await slipway(who, 'journal', 'show'))).toEqual(hashes);
      expect((await slipway(who, 'journal', 'verify')).stdout).toBe(`${rows.length} rows beside the remote state, chain intact\n`);
    }
    const { AWS_ACCESS_KEY_ID: _, ...alone } = moto.env;
    const own = await ann.run(['journal', 'show'], { env: { ...alone, AWS_ACCESS_KEY_ID: undefined } });
    expect(own.stderr).toContain('the remote state is not read');
    expect(shownHashes(own)).toEqual(hashes);
  });

  it('is freed by a person who names an owner that is gone, and by no one else', async () => {
    const found = await store.get('lock.json', signal);
    const gone = {
      host: 'elsewhere',
      bootId: 'x',
      pid: 4711,
      startTime: '1',
      sinceMs: 0,
      verb: 'up',
      place: { id: 'x', dir: '/x' },
      token: 'x',
    };
    await store.put('lock.json', Buffer.from(JSON.stringify({ owner: gone })), { signal, ifMatch: found?.etag ?? '' });
    expect((await slipway(ann, 'up', '--yes')).code).toBe(75);
    expect((await slipway(ann, 'unlock', '--confirm', 'elsewhere:1')).code).toBe(64);
    expect((await slipway(ann, 'unlock', '--confirm', 'elsewhere:4711')).code).toBe(0);
    expect((await slipway(ann, 'up', '--yes')).code).toBe(0);
  });

  it('stops with what to do when credentials are missing, half, or not permitted', async () => {
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: _secret, ...none } = moto.env;
    const half = await ann.run(['up', '--yes'], { env: { ...none, AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: undefined } });
    expect([half.code, half.stderr]).toEqual([75, expect.stringContaining('AWS_SECRET_ACCESS_KEY is missing')]);
    const no = await ann.run(['up', '--yes'], {
      env: { ...none, AWS_CONFIG_FILE: '/nowhere', AWS_SHARED_CREDENTIALS_FILE: '/nowhere', HOME: ann.dir },
    });
    expect([no.code, no.stderr]).toEqual([75, expect.stringContaining('SLW-AWS-001')]);
  });

  it('leaves an empty account after down, with its journal on this machine', async () => {
    const down = await slipway(ann, 'down', '--confirm', 'demo');
    expect(down.code).toBe(0);
    expect(await bucketExists(aws, BUCKET, signal)).toBe(false);
    expect((await slipway(ann, 'journal', 'verify')).code).toBe(0);
    const fresh = await slipway(bob, 'down', '--confirm', 'demo');
    expect(fresh.code).toBe(0);
  });
});
