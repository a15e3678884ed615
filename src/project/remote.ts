/**
 * Where a project with remote state keeps lock and journal, for one verb: found by the project file, or, when that cannot be read, by what the
 * local journal remembers of it.
 */
import { requireSameAccount } from '../aws/account.ts';
import { connectAws } from '../aws/aws.ts';
import { callerIdentity } from '../aws/identity.ts';
import { createS3Backend } from '../aws/remote-backend.ts';
import { stateBucketName } from '../aws/state-bucket.ts';
import { isSlipwayError } from '../core/errors.ts';
import { isoTime } from '../engine/iso-time.ts';
import type { Journal } from '../engine/journal/journal.ts';
import { ownerName } from '../engine/lock.ts';
import { unlockRemote } from '../engine/remote/lock.ts';
import { readRemoteState, type RemoteView } from '../engine/remote/read.ts';
import { type Attached, type RemoteBackend, RemoteState } from '../engine/remote/remote-state.ts';
import type { RemoteStore } from '../engine/remote/store.ts';
import { readState } from '../engine/state-folder.ts';
import type { OperationOptions } from './operations.ts';
import type { ProjectPlace } from './place.ts';

/** Plain data: it lies in the local journal. */
interface RemotePlace {
  readonly region: string;
  readonly accountId: string | undefined;
  readonly profile: string | undefined;
  readonly bucket: string | undefined;
  /** Without / at its ends. */
  readonly prefix: string;
  readonly project: string;
}

export interface FoundRemote {
  readonly backend: RemoteBackend;
  readonly place: RemotePlace;
  close(): void;
}

const META = 'remote.place';

/** Undefined with local state. Asks who we are. @throws SLW-NET-002 for the wrong account, SLW-AWS-… */
export async function findRemote(
  options: OperationOptions,
  { place, journal }: { readonly place: ProjectPlace; readonly journal: Pick<Journal, 'meta'> | undefined },
): Promise<FoundRemote | undefined> {
  const remote = remotePlace(place, journal);
  if (!remote) return undefined;
  const { region, profile, prefix, project } = remote;
  const aws = connectAws(options.host, { region, redactor: options.redactor, ...(profile !== undefined && { profile }) });
  try {
    const { account } = await callerIdentity(aws, options.signal);
    requireSameAccount(remote, { account });
    const bucket = remote.bucket ?? stateBucketName({ project, account, region });
    const backend = createS3Backend(aws, { bucket: { name: bucket, owner: account }, prefix: `${prefix}/` });
    return { backend, place: { ...remote, bucket, accountId: account }, close: () => aws.close() };
  } catch (thrown) {
    aws.close();
    throw thrown;
  }
}

function remotePlace({ loaded, name }: ProjectPlace, journal: Pick<Journal, 'meta'> | undefined): RemotePlace | undefined {
  if (!loaded) return recorded(journal);
  if (loaded.state.backend === 'local') return undefined;
  return { ...loaded.state.s3, project: name };
}

function recorded(journal: Pick<Journal, 'meta'> | undefined): RemotePlace | undefined {
  const text = journal?.meta(META);
  return text === undefined ? undefined : (JSON.parse(text) as RemotePlace);
}

/** What is done with the store that is there now; undefined with local state, and before anything is there. */
async function withStore<T>(
  options: OperationOptions,
  about: { readonly place: ProjectPlace; readonly journal: Pick<Journal, 'meta'> | undefined },
  act: (store: RemoteStore) => Promise<T>,
): Promise<T | undefined> {
  const found = await findRemote(options, about);
  try {
    const store = await found?.backend.open(options.signal);
    return store && (await act(store));
  } finally {
    found?.close();
  }
}

/** What a verb that writes needs of the remote state; with local state the journal alone. */
export interface OpenRemote {
  readonly state: RemoteState;
  readonly location: string;
  readonly attached: Attached;
  close(): Promise<void>;
}

/** Takes the remote lock and joins the journals. The local journal is the caller's. @throws SLW-RST-…, SLW-AWS-… */
export async function openRemote(
  options: OperationOptions,
  { place, journal, dir, verb }: { readonly place: ProjectPlace; readonly journal: Journal; readonly dir: string; readonly verb: string },
): Promise<OpenRemote | undefined> {
  const found = await findRemote(options, { place, journal });
  if (!found) return undefined;
  journal.setMeta({ [META]: JSON.stringify(found.place) });
  const state = new RemoteState(options.host, { journal, dir, backend: found.backend, verb, signal: options.signal });
  const close = async (): Promise<void> => {
    await state.close();
    found.close();
  };
  try {
    return { state, location: found.backend.location, attached: await state.activate(), close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** The remote journal; undefined with local state, and before anything is there. Locks and writes nothing. */
async function viewRemote(
  options: OperationOptions,
  { place, journal }: { readonly place: ProjectPlace; readonly journal: Journal | undefined },
): Promise<RemoteView | undefined> {
  return withStore(options, { place, journal }, (store) => readRemoteState(store, [...(journal?.read() ?? [])], options.signal));
}

/** As `viewRemote`; without a way to the remote state, verbs that look show what this machine knows, and say so. */
export async function viewRemoteIfReached(
  options: OperationOptions,
  about: { readonly place: ProjectPlace; readonly journal: Journal | undefined },
): Promise<RemoteView | undefined> {
  try {
    return await viewRemote(options, about);
  } catch (thrown) {
    options.signal.throwIfAborted();
    if (!isSlipwayError(thrown)) throw thrown;
    const { code, message } = thrown;
    const time = isoTime(options.host.clock.now());
    options.emit({ type: 'finding', level: 'warning', code, message: `the remote state is not read: ${message}`, time });
    return undefined;
  }
}

/** Frees the remote lock of an owner that is gone for good; gives its name, undefined when it is free or the state is local. @throws SLW-RST-002 */
export async function unlockRemoteState(
  options: OperationOptions,
  { place, confirm }: { readonly place: ProjectPlace; readonly confirm: string },
): Promise<string | undefined> {
  const journal = await readState(options.host, place.stateDir);
  try {
    const owner = await withStore(options, { place, journal }, (store) => unlockRemote(store, { confirm, signal: options.signal }));
    return owner && ownerName(owner);
  } finally {
    journal?.close();
  }
}

/** In words for the person who runs it; empty when there is nothing to tell. */
export function describeAttached({ attached, location }: OpenRemote): readonly string[] {
  const { sync, takenOverFrom: dead } = attached;
  const dropped = sync?.dropped.length ?? 0;
  return [
    ...(dead ? [`the last run (${dead.verb}, ${ownerName(dead)}) left its lock in ${location}; continuing from its journal`] : []),
    ...(sync && sync.adopted > 0 ? [`${sync.adopted} journal rows of other machines came from ${location}`] : []),
    ...(dropped > 0 ? [`${dropped} local journal rows that never reached ${location} made way for them`] : []),
  ];
}
