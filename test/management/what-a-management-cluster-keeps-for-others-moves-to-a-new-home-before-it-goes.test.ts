import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLUSTER } from '../../src/capi/words.ts';
import { hasCondition } from '../support/capi-objects.ts';
import { waitAvailable } from '../support/capi-management.ts';
import { planned, statusLine } from '../support/management.ts';
import { createHomes, GUEST, guestOn, type Homes, OLD } from '../support/new-home.ts';
import { succeed } from '../support/slipway.ts';
import { expectNothingLeft } from '../support/storm.ts';

const MINUTES = 60_000;
const DOWN: readonly string[] = ['down', '--confirm', OLD, '--timeout', '6m'];
const ONE_MACHINE = { created: 1, deleted: 0 };

let homes: Homes;
let machines: readonly string[];
beforeAll(async () => {
  homes = await createHomes();
  ({ machines } = await homes.onOld(guestOn));
}, 20 * MINUTES);
afterAll(() => homes?.remove());

/** Not a field of the guest, not a step of the project. */
async function refused(args: readonly string[]): Promise<string> {
  const before = await homes.onOld(guestOn);
  const { code, stderr } = await homes.old.run(args);
  expect(code, stderr).not.toBe(0);
  expect(await homes.onOld(guestOn)).toEqual(before);
  expect((await planned(homes.old)).code).toBe(0);
  return stderr;
}

describe('a management cluster with a cluster of somebody else', () => {
  it(
    'does not go while it keeps that, and says which and what to do',
    async () => {
      const said = await refused(DOWN);
      expect(said).toContain('SLW-CAP-405: mgmt still manages Cluster/default/guest');
      expect(said).toContain('--to KUBECONFIG');
      expect(await statusLine(homes.old)).toBe(`${OLD}: ready`);
    },
    10 * MINUTES,
  );

  it(
    'does not go for a new home that is not there, or is itself',
    async () => {
      expect(await refused([...DOWN, '--to', 'nowhere.kubeconfig'])).toContain('nowhere.kubeconfig');
      homes.old.put({ 'mgmt.kubeconfig': (await succeed(homes.old, ['kubeconfig', 'mgmt'])).stdout });
      expect(await refused([...DOWN, '--to', 'mgmt.kubeconfig'])).toContain('are the same cluster');
    },
    10 * MINUTES,
  );

  it(
    'goes after that moved, and leaves nothing',
    async () => {
      const down = await succeed(homes.old, [...DOWN, '--to', homes.newHome]);
      console.log(`down took ${Math.round(down.ms / 1000)}s`);
      expectNothingLeft({ sandbox: homes.old, project: OLD });
    },
    15 * MINUTES,
  );

  it(
    'left it at its new home with its machine, not paused, and Available',
    async () => {
      await homes.onNew(async (client) => {
        const { isPaused, machines: there } = await guestOn(client);
        expect(isPaused).toBe(false);
        expect(there).toEqual(machines);
        await waitAvailable(client, [GUEST.namespace]);
        const { items } = await client.list(CLUSTER);
        expect(items.map(({ metadata }) => metadata.name)).toEqual(['guest']);
        expect(items.every((item) => hasCondition(item, 'Available'))).toBe(true);
      });
      expect(await homes.countMachines()).toEqual(ONE_MACHINE);
    },
    5 * MINUTES,
  );
});
