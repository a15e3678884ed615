import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../../test/support/memory-store.ts';
import { createNodeHost } from '../../host/node.ts';
import type { Host } from '../../host/host.ts';
import { ownerName } from '../lock.ts';
import { acquireRemoteLock, readRemoteOwner, unlockRemote } from './lock.ts';

const real = createNodeHost();
const { signal } = new AbortController();
const mine = { id: 'folder-1', dir: '/home/ann/demo/.slipway/demo' };
const yours = { id: 'folder-2', dir: '/home/bob/demo/.slipway/demo' };

function hostNamed(hostname: string): Host {
  return { ...real, env: { ...real.env, hostname } };
}

const [ann, bob] = [hostNamed('ann'), hostNamed('bob')];

describe('the remote lock', () => {
  it('keeps a run on another machine out and says whose it is and since when', async () => {
    const store = new MemoryStore();
    const lock = await acquireRemoteLock(ann, store, { place: mine, verb: 'up', signal });
    await expect(acquireRemoteLock(bob, store, { place: yours, verb: 'down', signal })).rejects.toMatchObject({
      code: 'SLW-RST-001',
      exit: 75,
      object: `ann:${process.pid}`,
      message: expect.stringMatching(/^s3:\/\/bucket\/demo is locked by ann:\d+ \(slipway up\) since \d{4}-\d\d-\d\dT/),
    });
    await lock.release(signal);
    await lock.release(signal);
    const next = await acquireRemoteLock(bob, store, { place: yours, verb: 'down', signal });
    expect(next.takenOverFrom).toBeUndefined();
  });

  it('is taken over only from the same folder on the same host, whose kernel lock the new run holds', async () => {
    const store = new MemoryStore();
    const dead = await acquireRemoteLock(ann, store, { place: mine, verb: 'up', signal });
    const elsewhere = { ...mine, dir: '/mnt/copy' };
    await expect(acquireRemoteLock(ann, store, { place: elsewhere, verb: 'up', signal })).rejects.toMatchObject({ code: 'SLW-RST-001' });
    await expect(acquireRemoteLock(bob, store, { place: mine, verb: 'up', signal })).rejects.toMatchObject({ code: 'SLW-RST-001' });
    const next = await acquireRemoteLock(ann, store, { place: mine, verb: 'up', signal });
    expect(next.takenOverFrom).toEqual(dead.owner);
  });

  it('has one winner of many who ask at once', async () => {
    for (const before of ['nothing', 'free'] as const) {
      const store = new MemoryStore();
      if (before === 'free') await (await acquireRemoteLock(ann, store, { place: mine, verb: 'up', signal })).release(signal);
      const asked = Array.from({ length: 8 }, (_, index) =>
        acquireRemoteLock(hostNamed(`host-${index}`), store, { place: { id: `folder-${index}`, dir: '/s' }, verb: 'up', signal }),
      );
      const settled = await Promise.allSettled(asked);
      const winners = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value.owner.host] : []));
      expect(winners).toEqual([(await readRemoteOwner(store, signal))?.host]);
    }
  });

  it('is known as its own when the answer to the write was lost', async () => {
    const store = new MemoryStore();
    let lost = 1;
    store.onPut = () => (lost-- > 0 ? 'lost' : undefined);
    const lock = await acquireRemoteLock(ann, store, { place: mine, verb: 'up', signal });
    expect(lock.takenOverFrom).toBeUndefined();
    expect((await readRemoteOwner(store, signal))?.token).toBe(lock.owner.token);
  });

  it('is freed by a person who names its owner, and the old owner does not free the next one', async () => {
    const store = new MemoryStore();
    const old = await acquireRemoteLock(ann, store, { place: mine, verb: 'up', signal });
    await expect(unlockRemote(store, { confirm: 'ann:1', signal })).rejects.toMatchObject({ code: 'SLW-RST-002', exit: 64 });
    expect(await unlockRemote(store, { confirm: ownerName(old.owner), signal })).toEqual(old.owner);
    expect(await unlockRemote(store, { confirm: 'anyone', signal })).toBeUndefined();
    const next = await acquireRemoteLock(bob, store, { place: yours, verb: 'up', signal });
    await old.release(signal);
    expect(await readRemoteOwner(store, signal)).toEqual(next.owner);
  });
});
