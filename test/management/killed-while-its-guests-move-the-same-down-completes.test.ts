import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CLUSTER } from '../../src/capi/words.ts';
import { waitAvailable } from '../support/capi-management.ts';
import { createHomes, GUEST, guestOn, type Homes, OLD } from '../support/new-home.ts';
import { REPOSITORY, succeed } from '../support/slipway.ts';
import { expectNothingLeft } from '../support/storm.ts';
import { THOROUGH } from '../support/thorough.ts';

const MINUTES = 60_000;
const KILL_MAIN = join(REPOSITORY, 'test', 'support', 'kill-write-main.ts');

/** In the order of a move: what is half copied, what the new home just came to own, what is half removed, what only the new home knows. */
const KILLS = ['target/copy', 'target/commit', 'source/remove/Cluster', 'target/retire'];

let homes: Homes;
let machines: readonly string[];
beforeAll(async () => {
  homes = await createHomes();
  ({ machines } = await homes.onOld(guestOn));
}, 20 * MINUTES);
afterAll(() => homes?.remove());

const down = (): readonly string[] => ['down', '--confirm', OLD, '--to', homes.newHome, '--timeout', '6m'];

it.runIf(THOROUGH).each(KILLS)(
  'is killed right after the write %s',
  async (point) => {
    const { signal, stderr } = await homes.old.run(down(), { main: KILL_MAIN, env: { SLIPWAY_TEST_KILL_WRITE: point } });
    expect(signal, stderr).toBe('SIGKILL');
  },
  10 * MINUTES,
);

it.runIf(THOROUGH)(
  'then completes: nothing is left, and the guest lives on with the machine that it had',
  async () => {
    await succeed(homes.old, down());
    expectNothingLeft({ sandbox: homes.old, project: OLD });
    await homes.onNew(async (client) => {
      await waitAvailable(client, [GUEST.namespace]);
      const { isPaused, machines: there } = await guestOn(client);
      expect(isPaused).toBe(false);
      expect(there).toEqual(machines);
      expect((await client.list(CLUSTER)).items).toHaveLength(1);
    });
    expect(await homes.countMachines()).toEqual({ created: 1, deleted: 0 });
  },
  15 * MINUTES,
);
