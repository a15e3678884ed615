/** The cluster that holds a definition now, brought back to work from records and folders alone. */
import { clusterLayout } from '../../control-plane/cluster-layout.ts';
import { ensureLocalControlPlanes } from '../../capi/local/standing.ts';
import { type Family, findHome, type Home } from './home.ts';
import { clustersDir } from './ids.ts';
import { reviveStanding, type Reviver, wakeBootstrap } from './revive.ts';
import type { Place } from './way.ts';

export type { Reviver } from './revive.ts';

/** Undefined when neither of the two is there any more. One at a time: several clusters may go at once, and all need it. */
export function reviveHome(family: Family, reviver: Reviver): Promise<Home | undefined> {
  const turns = reviver.guide.context.shared(`revivals of ${family.cluster}`, () => ({ last: Promise.resolve() as Promise<unknown> }));
  const next = turns.last.then(() => bringBack(family, reviver));
  turns.last = next.catch(() => undefined);
  return next;
}

async function bringBack(family: Family, reviver: Reviver): Promise<Home | undefined> {
  await wakeManagement(family.management, reviver);
  await wakeBootstrap(family.bootstrap, reviver);
  const home = await findHome(family, reviver.guide);
  if (home && !home.isMoving) await reviveStanding(home.place, home.client, reviver);
  return home;
}

async function wakeManagement({ name, way }: Place, { attendant, guide }: Reviver): Promise<void> {
  const { host, signal, timeoutMs, report } = attendant;
  if (way.kind !== 'folder' || (await host.files.stat(clusterLayout(way.dir).clusterFile)) === undefined) return;
  const { stateDir, toolchainDir } = guide.context;
  await ensureLocalControlPlanes(host, { clustersDir: clustersDir(stateDir), names: [name], toolchainDir, signal, timeoutMs, report });
}
