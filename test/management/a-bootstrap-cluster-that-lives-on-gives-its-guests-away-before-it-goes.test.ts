import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitAvailable } from '../support/capi-management.ts';
import { createHomes, GUEST, guestOn, type Homes, OLD } from '../support/new-home.ts';
import { succeed } from '../support/slipway.ts';
import { expectNothingLeft } from '../support/storm.ts';
import { THOROUGH } from '../support/thorough.ts';

const MINUTES = 60_000;
const DOWN: readonly string[] = ['down', '--confirm', OLD, '--timeout', '6m'];

let homes: Homes;
beforeAll(async () => {
  homes = await createHomes('mgmt-bootstrap');
}, 20 * MINUTES);
afterAll(() => homes?.remove());

it.runIf(THOROUGH)(
  'does not go while it keeps one',
  async () => {
    const before = await homes.onOld(guestOn);
    const down = await homes.old.run(DOWN);
    expect([down.code, down.stderr]).toEqual([1, expect.stringContaining('SLW-CAP-405: mgmt still manages Cluster/default/guest')]);
    expect(await homes.onOld(guestOn)).toEqual(before);
  },
  10 * MINUTES,
);

it.runIf(THOROUGH)(
  'goes after it moved, with its machine, to the new home',
  async () => {
    const { machines } = await homes.onOld(guestOn);
    await succeed(homes.old, [...DOWN, '--to', homes.newHome]);
    expectNothingLeft({ sandbox: homes.old, project: OLD });
    await homes.onNew(async (client) => {
      await waitAvailable(client, [GUEST.namespace]);
      expect(await guestOn(client)).toMatchObject({ isPaused: false, machines });
    });
    expect(await homes.countMachines()).toEqual({ created: 1, deleted: 0 });
  },
  15 * MINUTES,
);
