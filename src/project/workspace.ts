/**
 * A project opened for one verb: its file (if it can be read), its state, its provisioners and its connections.
 * Everything that is opened here is closed here.
 */
import { join, resolve } from 'node:path';
import { stateUndoHandlers } from '../cloud/state-steps.ts';
import { loadProject } from '../config/load.ts';
import { LOCAL_STATE } from '../config/resolved-state.ts';
import { isSlipwayError, SlipwayError, SlipwayErrors } from '../core/errors.ts';
import type { EventBody } from '../engine/events.ts';
import { isoTime } from '../engine/iso-time.ts';
import type { Journal, JournalWriter } from '../engine/journal/journal.ts';
import { foldLedger } from '../engine/ledger.ts';
import { acquireLock } from '../engine/lock.ts';
import { formerPlaces, relocate } from '../engine/relocate.ts';
import type { RemoteState } from '../engine/remote/remote-state.ts';
import { openState, prepareStateFolder, readState } from '../engine/state-folder.ts';
import type { StepId, StepRecord, UndoHandler, UndoHandlers } from '../engine/step.ts';
import type { ConnectForUndo } from '../flux/step-options.ts';
import { fluxUndoHandlers } from '../flux/undo.ts';
import { createKubeClient } from '../kube/client.ts';
import type { KubeClient } from '../kube/types.ts';
import type { NetworkRegistry } from '../networks/network.ts';
import type { KubeconfigSource, Provisioner, ProvisionerContext, ProvisionerRegistry } from '../provisioners/provisioner.ts';
import { hookUndoHandlers } from './hooks/hook-undo.ts';
import type { OperationOptions } from './operations.ts';
import type { ProjectPlace } from './place.ts';
import { createNetworkRegistry, createRegistry } from './registry.ts';
import { describeAttached, openRemote, viewRemoteIfReached } from './remote.ts';
import type { WorkContext } from './work-context.ts';

export interface Workspace {
  readonly place: ProjectPlace;
  readonly context: WorkContext;
  readonly registry: ProvisionerRegistry;
  readonly networks: NetworkRegistry;
  /** What was created and not undone. */
  readonly ledger: Map<StepId, StepRecord>;
  readonly undoHandlers: UndoHandlers;
}

export interface WritableWorkspace extends Workspace {
  /** With remote state a row counts only when it is there as well. */
  readonly journal: JournalWriter;
}

/** Loads the project and says its warnings. @throws SlipwayErrors with everything that is wrong */
export async function findProject(options: OperationOptions, checkWorld = true): Promise<ProjectPlace> {
  const loaded = await loadProject(options.host, options.file, {
    checkWorld,
    ...(options.stateDir !== undefined && { stateDir: options.stateDir }),
  });
  const emit = (body: EventBody): void => options.emit({ ...body, time: isoNow(options) });
  for (const { level, code, message, at } of loaded.findings) emit({ type: 'finding', level, code, message, ...(at && { at }) });
  return { name: loaded.name, dir: loaded.dir, stateDir: loaded.stateDir, loaded };
}

/** For `down` and the verbs that only look: a project file that cannot be read is no reason to leave things running. */
export async function findProjectOrState(options: OperationOptions): Promise<ProjectPlace> {
  try {
    return await findProject(options, false);
  } catch (thrown) {
    const [first] = thrown instanceof SlipwayErrors ? thrown.errors : isSlipwayError(thrown) ? [thrown] : [];
    const place = first && (await findState(options));
    if (!place) throw thrown;
    warnUnused(options, first, place);
    return place;
  }
}

function warnUnused(options: OperationOptions, { code, message, at }: SlipwayError, place: ProjectPlace): void {
  const text = `the project file is not used: ${message}; working from the state in ${place.stateDir}`;
  options.emit({ type: 'finding', level: 'warning', message: text, code, ...(at && { at }), time: isoNow(options) });
}

/** The one state folder below `.slipway`, or the one given. */
async function findState({ host, file, stateDir }: OperationOptions): Promise<ProjectPlace | undefined> {
  const given = resolve(host.env.cwd, file);
  const dir = (await host.files.stat(given))?.kind === 'dir' ? given : join(given, '..');
  if (stateDir !== undefined) return { name: nameOf(stateDir), dir, stateDir: resolve(host.env.cwd, stateDir), loaded: undefined };
  const found: string[] = [];
  for (const name of await host.files.list(join(dir, '.slipway'))) {
    if ((await host.files.stat(join(dir, '.slipway', name, 'journal.db'))) !== undefined) found.push(name);
  }
  const [only] = found;
  if (found.length > 1)
    throw new SlipwayError('SLW-STA-012', `${join(dir, '.slipway')} holds the state of several projects: ${found.join(', ')}`);
  return only === undefined ? undefined : { name: only, dir, stateDir: join(dir, '.slipway', only), loaded: undefined };
}

const nameOf = (path: string): string => path.replace(/\/+$/, '').split('/').at(-1) ?? path;

export interface Work {
  readonly place: ProjectPlace;
  readonly options: OperationOptions;
}

/** Under the lock, with the journal open for writing. */
export async function withWritable<T>(
  verb: 'up' | 'down' | 'pivot',
  work: Work,
  act: (workspace: WritableWorkspace) => Promise<T>,
): Promise<T> {
  const { place, options } = work;
  const { host } = options;
  const dir = await prepareStateFolder(host, place.stateDir);
  await hideFromGit(options, place);
  const lock = await acquireLock(host, dir, verb);
  try {
    if (lock.takenOverFrom)
      say(
        options,
        `the last run (${lock.takenOverFrom.verb}, pid ${lock.takenOverFrom.pid}) did not end cleanly; continuing from its journal`,
      );
    return await withJournal({ ...work, dir, verb }, act);
  } finally {
    await lock.release();
  }
}

interface LockedWork extends Work {
  readonly dir: string;
  readonly verb: string;
}

async function withJournal<T>(work: LockedWork, act: (workspace: WritableWorkspace) => Promise<T>): Promise<T> {
  const { dir, options } = work;
  const { journal, kind, from } = await openState(options.host, dir, options.redactor);
  try {
    if (kind === 'moved') say(options, `the state folder was moved here from ${from ?? 'elsewhere'}`);
    const remote = await openRemote(options, { ...work, journal });
    try {
      for (const words of remote ? describeAttached(remote) : []) say(options, words);
      return await withLedger({ ...work, journal, remote: remote?.state }, act);
    } finally {
      await remote?.close();
    }
  } finally {
    journal.close();
  }
}

interface JournaledWork extends LockedWork {
  readonly journal: Journal;
  readonly remote: RemoteState | undefined;
}

function withLedger<T>({ journal, remote, dir, ...work }: JournaledWork, act: (workspace: WritableWorkspace) => Promise<T>): Promise<T> {
  const state = { ...readKnown(journal, dir), ...(remote && { remote }) };
  return withContext(state, work, async (workspace) => {
    for (const provisioner of workspace.registry.values()) await provisioner.requireInReach(state.ledger, workspace.context);
    return act({ ...workspace, journal: remote ?? journal });
  });
}

/** Reads journal and world; writes and locks nothing. */
export async function withReadable<T>(
  place: ProjectPlace,
  options: OperationOptions,
  act: (workspace: Workspace) => Promise<T>,
): Promise<T> {
  return withContext(await readKnownState(place, options), { place, options }, act);
}

function readKnown(journal: Journal, dir: string): KnownState {
  return { dir, stateId: journal.meta('state.id') ?? '', ledger: relocate(foldLedger(journal.read()), formerPlaces(journal, dir), dir) };
}

async function readKnownState(place: ProjectPlace, options: OperationOptions): Promise<KnownState> {
  const journal = await readState(options.host, place.stateDir);
  try {
    const dir = journal ? await options.host.files.realpath(place.stateDir) : place.stateDir;
    const known = journal ? readKnown(journal, dir) : { dir, stateId: '', ledger: new Map() };
    const view = await viewRemoteIfReached(options, { place, journal });
    if (!view) return known;
    const former = [...(journal ? formerPlaces(journal, dir) : []), ...view.places.filter((each) => each !== dir)];
    return { dir, stateId: view.stateId, ledger: relocate(foldLedger(view.rows), former, dir) };
  } finally {
    journal?.close();
  }
}

/** For verbs that also work between any two kubeconfigs: no file, no state, nothing written. */
export function withNoProject<T>(options: OperationOptions, act: (workspace: Workspace) => Promise<T>): Promise<T> {
  const { cwd } = options.host.env;
  const place: ProjectPlace = { name: '', dir: cwd, stateDir: cwd, loaded: undefined };
  return withContext({ dir: cwd, stateId: '', ledger: new Map() }, { place, options }, act);
}

interface KnownState {
  readonly dir: string;
  readonly stateId: string;
  readonly ledger: Map<StepId, StepRecord>;
  /** Of a verb that writes, when the state is remote. */
  readonly remote?: RemoteState;
}

async function withContext<T>(state: KnownState, { place, options }: Work, act: (workspace: Workspace) => Promise<T>): Promise<T> {
  const clients = new Map<string, Promise<KubeClient>>();
  const registry = createRegistry();
  const networks = createNetworkRegistry();
  const deferred: (() => void | Promise<void>)[] = [];
  const context: WorkContext = {
    host: options.host,
    project: place.name,
    projectDir: place.dir,
    stateDir: state.dir,
    stateId: state.stateId,
    toolchainDir: options.toolchainDir === undefined ? undefined : resolve(options.host.env.cwd, options.toolchainDir),
    redactor: options.redactor,
    outputs: (target, output) => outputOf(state.ledger, target, output),
    connect: (source) => shareClient(clients, options, source),
    clusters: place.loaded?.clusters ?? [],
    shared: createShared(),
    defer: (close) => void deferred.unshift(close),
    state: place.loaded?.state ?? LOCAL_STATE,
    stateBucket: undefined,
    stateNeeds: [],
    ...(state.remote && { remoteState: stateMoves(state.remote) }),
    ...(options.newHome !== undefined && { newHome: resolve(options.host.env.cwd, options.newHome) }),
  };
  try {
    return await act({
      place,
      context,
      registry,
      networks,
      ledger: state.ledger,
      undoHandlers: allHandlers({ registry, networks }, context),
    });
  } finally {
    for (const client of clients.values()) await client.then((open) => open.close()).catch(() => undefined);
    for (const close of deferred) await Promise.resolve(close()).catch(() => undefined);
  }
}

/** Lock and journal follow the bucket: they move in when it is made, and out before it goes. */
function stateMoves(remote: RemoteState): NonNullable<WorkContext['remoteState']> {
  return {
    arrived: async () => void (await remote.activate()),
    leaving: () => remote.quiesce(),
  };
}

/** One instance for each key. */
export function createShared(): ProvisionerContext['shared'] {
  const made = new Map<string, object>();
  return <T extends object>(key: string, make: () => T): T => {
    const found = (made.get(key) as T | undefined) ?? make();
    made.set(key, found);
    return found;
  };
}

function shareClient(
  clients: Map<string, Promise<KubeClient>>,
  { host, redactor }: OperationOptions,
  { text, path, context }: KubeconfigSource,
): Promise<KubeClient> {
  const key = `${context ?? ''}\n${text}`;
  const known = clients.get(key);
  if (known) return known;
  const options = {
    kubeconfig: text,
    redactor,
    ...(path !== undefined && { kubeconfigPath: path }),
    ...(context !== undefined && { context }),
  };
  const client = createKubeClient(host, options);
  clients.set(key, client);
  return client;
}

/** Flux stands on clusters of every provisioner; whoever made the cluster knows the way to it. */
function allHandlers({ registry, networks }: Pick<Workspace, 'registry' | 'networks'>, context: WorkContext): UndoHandlers {
  const connect: ConnectForUndo = async (undo, cluster) => {
    for (const provisioner of registry.values()) {
      const client = await provisioner.connectForUndo(undo, cluster, context);
      if (client) return client;
    }
    return undefined;
  };
  const makers = [...registry.values(), ...networks.values()];
  return new Map<string, UndoHandler>([
    ...fluxUndoHandlers(connect),
    ...stateUndoHandlers(context),
    ...hookUndoHandlers(context),
    ...makers.flatMap((maker) => [...maker.undoHandlers(context)]),
  ]);
}

/** Step records carry what a document gives under the names that `{output: …}` uses; those of a helper (its bootstrap cluster) are not its own. */
function outputOf(ledger: ReadonlyMap<StepId, StepRecord>, target: string, output: string): string | undefined {
  if (output === 'name') return nameOf(target);
  for (const record of ledger.values()) {
    const isOwn = record.subject === target && record.step.endsWith(`/${nameOf(target)}`);
    const value = isOwn ? record.outputs[output] : undefined;
    if (typeof value === 'string') return value;
    if (Array.isArray(value)) return value.map(String).join(',');
  }
  return undefined;
}

export function provisionerOf(registry: ProvisionerRegistry, name: string): Provisioner {
  const provisioner = registry.get(name);
  if (!provisioner) throw new SlipwayError('SLW-CFG-020', `provisioner ${name} is not available in this version`);
  return provisioner;
}

/** `.slipway/.gitignore` keeps states and identities out of commits, whatever the user's rules say. */
async function hideFromGit({ host, stateDir }: OperationOptions, place: ProjectPlace): Promise<void> {
  if (stateDir !== undefined || !place.stateDir.startsWith(join(place.dir, '.slipway'))) return;
  const path = join(place.dir, '.slipway', '.gitignore');
  if ((await host.files.readText(path)) !== '*\n') await host.files.writeAtomic(path, '*\n', { mode: 0o644 });
}

function say(options: OperationOptions, message: string): void {
  options.emit({ type: 'finding', level: 'info', message, time: isoNow(options) });
}

export function isoNow({ host }: Pick<OperationOptions, 'host'>): string {
  return isoTime(host.clock.now());
}
