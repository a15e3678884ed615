/** What is done around a pivot to those who write the same objects: the bootstrap's own GitOps, and what the project asks for. */
import type { PivotHook } from '../../capi/pivot/options.ts';
import type { ResolvedPivotHook } from '../../config/resolved-capi.ts';
import { HELM_API, KUSTOMIZE_API, SOURCE_API } from '../../flux/source.ts';
import { numberAt, progressing, ready, valueAt } from '../../kube/readiness-state.ts';
import { type GroupKind, type KubeClient, type ObjectRef, refOf } from '../../kube/types.ts';
import { waitReady } from '../../kube/wait.ts';
import type { Attendant } from './attendance.ts';

/** On what a hook changed: what it was before, so that a rollback gives it back. */
const BEFORE_ANNOTATION = 'slipway.dev/before-pivot';

export interface HookEnds {
  readonly source: KubeClient;
  readonly target: KubeClient;
  readonly attendant: Attendant;
}

/** Before anything moves, the bootstrap's Flux is told to leave everything alone: what it defines is defined on the management cluster from then on. */
export function suspendGitopsHook({ source }: HookEnds): PivotHook {
  return {
    name: 'suspend-bootstrap-gitops',
    at: 'before-quiesce',
    run: async (signal) => {
      for (const ref of await reconcilers(source, signal)) await suspend(source, ref, signal);
    },
    undo: async (signal) => {
      for (const ref of await reconcilers(source, signal)) await giveBack(source, ref, signal);
    },
  };
}

export function projectHooks(
  hooks: { readonly before: readonly ResolvedPivotHook[]; readonly after: readonly ResolvedPivotHook[] },
  ends: HookEnds,
): readonly PivotHook[] {
  return [
    ...hooks.before.map((hook, index) => projectHook(hook, ends, { name: `before-${index + 1}`, at: 'before-quiesce' })),
    ...hooks.after.map((hook, index) => projectHook(hook, ends, { name: `after-${index + 1}`, at: 'after-release' })),
  ];
}

function projectHook(hook: ResolvedPivotHook, ends: HookEnds, place: Pick<PivotHook, 'name' | 'at'>): PivotHook {
  const client = hook.on === 'source' ? ends.source : ends.target;
  const ref = refOfHook(hook);
  const undo = (signal: AbortSignal): Promise<void> => giveBack(client, ref, signal);
  if (hook.action === 'suspend') return { ...place, run: (signal) => suspend(client, ref, signal), undo };
  if (hook.action === 'scale')
    return { ...place, run: (signal) => scale(client, ref, { replicas: hook.object.replicas, attendant: ends.attendant, signal }), undo };
  return { ...place, run: (signal) => resume(client, ref, signal) };
}

const FLUX_API: Readonly<Record<string, string>> = { Kustomization: KUSTOMIZE_API, HelmRelease: HELM_API };

function refOfHook(hook: ResolvedPivotHook): ObjectRef {
  const { kind, namespace, name } = hook.object;
  const apiVersion = hook.action === 'scale' ? 'apps/v1' : (FLUX_API[kind] ?? SOURCE_API);
  return { apiVersion, kind, namespace, name };
}

async function reconcilers(client: KubeClient, signal: AbortSignal): Promise<readonly ObjectRef[]> {
  const kinds: readonly GroupKind[] = [
    { apiVersion: KUSTOMIZE_API, kind: 'Kustomization' },
    { apiVersion: HELM_API, kind: 'HelmRelease' },
  ];
  const found: ObjectRef[] = [];
  for (const kind of kinds) {
    if (!(await client.serves(kind, signal))) continue;
    const { items } = await client.list(kind, { signal });
    found.push(...items.map((item) => refOf({ ...item, ...kind })));
  }
  return found;
}

/** What is suspended already is the user's doing and stays so. */
async function suspend(client: KubeClient, ref: ObjectRef, signal: AbortSignal): Promise<void> {
  const object = await client.get(ref, signal);
  if (!object || valueAt(object, 'spec', 'suspend') === true) return;
  await client.mergePatch(ref, { metadata: { annotations: { [BEFORE_ANNOTATION]: 'resumed' } }, spec: { suspend: true } }, { signal });
}

async function resume(client: KubeClient, ref: ObjectRef, signal: AbortSignal): Promise<void> {
  if (await client.get(ref, signal))
    await client.mergePatch(ref, { metadata: { annotations: { [BEFORE_ANNOTATION]: null } }, spec: { suspend: null } }, { signal });
}

interface Scaling {
  readonly replicas: number;
  readonly attendant: Attendant;
  readonly signal: AbortSignal;
}

async function scale(client: KubeClient, ref: ObjectRef, { replicas, attendant, signal }: Scaling): Promise<void> {
  const object = await client.get(ref, signal);
  if (!object) return;
  const before = object.metadata.annotations?.[BEFORE_ANNOTATION] ?? String(numberAt(object, 'spec', 'replicas') ?? 1);
  await client.mergePatch(ref, { metadata: { annotations: { [BEFORE_ANNOTATION]: before } }, spec: { replicas } }, { signal });
  const { host, timeoutMs } = attendant;
  const counted = (field: string, seen: typeof object): number => numberAt(seen, 'status', field) ?? 0;
  await waitReady(client, [ref], {
    ...{ host, signal, timeoutMs },
    readiness: (seen) =>
      counted('replicas', seen) === replicas && counted('readyReplicas', seen) === replicas
        ? ready('Scaled')
        : progressing('Scaling', `${counted('readyReplicas', seen)} of ${replicas} pods`),
  });
}

async function giveBack(client: KubeClient, ref: ObjectRef, signal: AbortSignal): Promise<void> {
  const before = (await client.get(ref, signal))?.metadata.annotations?.[BEFORE_ANNOTATION];
  if (before === undefined) return;
  const spec = before === 'resumed' ? { suspend: null } : { replicas: Number(before) };
  await client.mergePatch(ref, { metadata: { annotations: { [BEFORE_ANNOTATION]: null } }, spec }, { signal });
}
