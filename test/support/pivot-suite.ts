/** What the pivot's suites share: a small fleet with everything that is awkward about one, and the checks after any history. */
import { deepEqual } from 'node:assert/strict';
import type { Json } from '../../src/core/digest.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import { findMachineryChanges, findTwoOwners, readAudit } from './capi-audit.ts';
import {
  classCluster,
  clusterClass,
  clusterRef,
  credentials,
  externalSecret,
  externalSecretDefinition,
  fileSecret,
  namespaceObject,
  plainCluster,
  resourceSet,
} from './capi-fixtures.ts';
import { applyAll, createManagement, type Management, waitAvailable } from './capi-management.ts';
import { canonicalWorld, type CanonicalOptions, expectObjects, readObjects, settledObjects } from './capi-objects.ts';
import { describeRun, type PivotRunResult } from './pivot-run.ts';
import type { World } from './world.ts';

export const FLEET = 'fleet';
export const YARD = 'yard';
export const NAMESPACES = [FLEET, YARD];

/** Clusters that are live at first; `resting` was paused by its owner. */
export const LIVE = [`${FLEET}/classy`, `${FLEET}/plain`, `${YARD}/tug`];
export const RESTING = `${FLEET}/resting`;

/** The pivot's own marks, which may stay on a frozen source. */
export const OWN_MARKS: CanonicalOptions = { ignoreAnnotations: /(^|\.)slipway\.dev\// };

export interface PivotSuite {
  readonly management: Management;
  /** The source when it is at rest before any pivot. */
  readonly before: World;
  /** What is to be on the target afterwards: the same, without what is nobody's business of a pivot. */
  readonly moved: World;
  /** The target when nothing was ever moved to it. */
  readonly empty: World;
  /** Number of the cloud's last event at the snapshot. */
  readonly lastEvent: number;
}

export const START = 'start';

/** A fleet of five clusters with seven machines in two namespaces, at rest, in a snapshot. */
export async function preparePivotSuite(): Promise<PivotSuite> {
  const management = await createManagement();
  try {
    const { world } = management;
    const client = await world.source.client();
    await defineFleet(client);
    await waitAvailable(client, NAMESPACES);
    await client.mergePatch(clusterRef(FLEET, 'resting'), { spec: { paused: true } });
    await settledObjects(client, { namespaces: NAMESPACES });
    await world.snapshot(START);
    const before = await settledObjects(await world.source.client(), { namespaces: NAMESPACES, ...OWN_MARKS });
    const empty = canonicalWorld(await readObjects(await world.target.client(), NAMESPACES));
    return { management, before, moved: withoutForeign(before), empty, lastEvent: await management.lastEvent() };
  } catch (error) {
    await management.close();
    throw error;
  }
}

/** The ExternalSecret stays with its operator; what it owned comes along without that owner. */
function withoutForeign(before: World): World {
  const entries = Object.entries(before).filter(([name]) => !name.startsWith('ExternalSecret/'));
  return Object.fromEntries(
    entries.map(([name, object]) => {
      if (name !== `Secret/${FLEET}/cloud-credentials`) return [name, object];
      const secret = object as { readonly metadata: Json };
      return [name, { ...secret, metadata: { ...(secret.metadata as object), owners: [] } }];
    }),
  );
}

async function defineFleet(client: KubeClient): Promise<void> {
  const [labelled] = classCluster({ name: 'classy', namespace: FLEET });
  await applyAll(client, [
    namespaceObject(FLEET),
    namespaceObject(YARD),
    externalSecretDefinition,
    ...clusterClass(FLEET),
    ...resourceSet(FLEET, { 'example.com/payload': 'yes' }),
    ...(labelled ? [{ ...labelled, metadata: { ...labelled.metadata, labels: { 'example.com/payload': 'yes' } } }] : []),
    fileSecret('site-files', FLEET),
    ...plainCluster({ name: 'plain', namespace: FLEET, fileSecret: 'site-files' }),
    ...plainCluster({ name: 'resting', namespace: FLEET, workers: 0 }),
    ...plainCluster({ name: 'tug', namespace: YARD }),
  ]);
  for (;;) if (await client.serves({ apiVersion: 'external-secrets.io/v1', kind: 'ExternalSecret' })) break;
  const owner = await client.apply(externalSecret(FLEET), { force: true });
  await client.apply(credentials(owner), { force: true });
}

/** Everything arrived on the target as it was, nothing came or went in the cloud, and nobody had two owners. */
export async function expectMoved(suite: PivotSuite): Promise<void> {
  const { world } = suite.management;
  await expectObjects(await world.target.client(), suite.moved, { namespaces: NAMESPACES, ...OWN_MARKS });
  await expectUntouchedMachines(suite);
}

/** The source is what it was, the target as empty as it was. */
export async function expectRolledBack(suite: PivotSuite): Promise<void> {
  const { world } = suite.management;
  await expectObjects(await world.source.client(), suite.before, { namespaces: NAMESPACES, ...OWN_MARKS });
  await expectObjects(await world.target.client(), suite.empty, { namespaces: NAMESPACES });
  await expectUntouchedMachines(suite);
}

const ADMINISTRATORS: Readonly<Record<string, string>> = { source: 'slipway-admin', target: 'slipway-admin' };

/** By the cloud (machines) and by both audit logs (owners, makers). */
export async function expectUntouchedMachines({ management, lastEvent }: PivotSuite): Promise<void> {
  const { world } = management;
  deepEqual(await management.machineEvents(lastEvent), []);
  const [source, target] = [readAudit(world.source.auditFile), readAudit(world.target.auditFile)];
  deepEqual(findTwoOwners({ source, target }, LIVE), []);
  deepEqual(findMachineryChanges(source, ADMINISTRATORS['source'] ?? ''), []);
  deepEqual(findMachineryChanges(target, ADMINISTRATORS['target'] ?? ''), []);
}

/** @throws with what it said, when it did not end well */
export function expectDone(run: PivotRunResult): PivotRunResult {
  if (run.code !== 0) throw new Error(`the pivot did not end well: ${describeRun(run)}`);
  return run;
}

export interface SuiteHolder {
  /** Usable when it was set; scenarios are declared before that. */
  readonly suite: PivotSuite;
  set(suite: PivotSuite): void;
  close(): Promise<void>;
}

export function createSuiteHolder(): SuiteHolder {
  let held: PivotSuite | undefined;
  const get = (): PivotSuite => {
    if (!held) throw new Error('the fleet is not prepared yet');
    return held;
  };
  return {
    suite: {
      get management() {
        return get().management;
      },
      get before() {
        return get().before;
      },
      get moved() {
        return get().moved;
      },
      get empty() {
        return get().empty;
      },
      get lastEvent() {
        return get().lastEvent;
      },
    },
    set: (suite) => void (held = suite),
    close: async () => held?.management.close(),
  };
}
