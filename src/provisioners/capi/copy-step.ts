/** The step that copies what users put on the bootstrap cluster, and the pivot does not take along: values, Secrets, decryption keys. */
import { planPivot } from '../../capi/pivot/pivot.ts';
import { SlipwayError } from '../../core/errors.ts';
import { type Change, defineStep, type Outputs, type Step, type StepContext, type StepId } from '../../engine/step.ts';
import { applyObjects } from '../../kube/apply.ts';
import { formatRef, type KubeClient, type KubeObject, refOf } from '../../kube/types.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { isTakenOver } from './bootstrap-steps.ts';
import { type Family, findNeighbours, guideOfStep, ownership } from './home.ts';
import { findObsolete, forgetObsolete } from './obsolete.ts';
import { patientDiff } from './patient-diff.ts';
import { pivotOptions } from './pivot-step.ts';
import { MADE_BY_KUBERNETES, type Sorted, sortValues } from './values.ts';

export interface CopyOptions {
  readonly id: StepId;
  readonly subject: string;
  readonly needs: readonly StepId[];
  readonly context: ProvisionerContext;
  readonly family: Family;
}

interface Observed {
  readonly isOver: boolean;
  /** Undefined while one of the two clusters cannot be asked. Names only: what is in them is secret. */
  readonly missing: readonly string[] | undefined;
}

/** Outputs: `copied` and `left`, names with reasons. */
export function copyStep(options: CopyOptions): Step {
  const { family } = options;
  return defineStep<Observed>({
    id: options.id,
    title: `copy values, Secrets and decryption keys to ${family.cluster}`,
    subject: options.subject,
    needs: options.needs,
    observe: (step) => observe(step, options),
    change: (observed) => copyChange(family, observed),
    apply: (step) => apply(step, options),
  });
}

async function observe(step: StepContext, options: CopyOptions): Promise<Observed> {
  if (isTakenOver(step, options.family.cluster)) return { isOver: true, missing: [] };
  const found = await look(step, options);
  const diffs = found && (await patientDiff(found.management, withNamespaces(found.sorted.copied), step.signal));
  return { isOver: false, missing: diffs?.filter(({ action }) => action !== 'none').map(({ ref }) => formatRef(ref)) };
}

function copyChange({ bootstrap, cluster }: Family, { isOver, missing }: Observed): Change {
  if (isOver) return { kind: 'none', summary: 'values were copied before the pivot' };
  if (!missing) return { kind: 'create', summary: `copy what users put on ${bootstrap.name} to ${cluster}` };
  if (missing.length === 0) return { kind: 'none', summary: 'nothing is to be copied' };
  return { kind: 'create', summary: `copy ${missing.length} objects from ${bootstrap.name} to ${cluster}` };
}

async function apply(step: StepContext, options: CopyOptions): Promise<Outputs> {
  if (isTakenOver(step, options.family.cluster)) return step.record?.outputs ?? {};
  const { host, signal } = step;
  const { bootstrap, management } = await findNeighbours(options.family, guideOfStep(step, options.context));
  if (bootstrap && management) await forgetObsolete(options.family, bootstrap, { management, signal });
  const found = await look(step, options);
  if (!found) throw new SlipwayError('SLW-CAP-401', `${options.family.bootstrap.name} and ${options.family.cluster} do not both answer`);
  const { copied, left } = found.sorted;
  await applyObjects(found.management, withNamespaces(copied), { host, force: true, signal });
  const names = copied.map((object) => formatRef(refOf(object)));
  const told = left.filter(({ reason }) => reason !== MADE_BY_KUBERNETES);
  step.report({ type: 'finding', level: 'info', message: `copied to ${options.family.cluster}: ${names.join(', ') || 'nothing'}` });
  for (const { object, reason } of told) step.report({ type: 'finding', level: 'info', message: `not copied: ${object}: ${reason}` });
  return { copied: names, left: told.map(({ object, reason }) => `${object}: ${reason}`) };
}

interface Found {
  readonly management: KubeClient;
  readonly sorted: Sorted;
}

async function look(step: StepContext, { family, context }: CopyOptions): Promise<Found | undefined> {
  const { bootstrap, management } = await findNeighbours(family, guideOfStep(step, context));
  if (!bootstrap || !management) return undefined;
  if (await findObsolete(family, bootstrap, { management, signal: step.signal })) return undefined;
  const { standing } = await ownership(family, { bootstrap, management }, step.signal);
  // Once something moved, what is on the bootstrap cluster is what a pivot left or brought.
  if (standing.direction && standing.stage !== 'preparing') return { management, sorted: { copied: [], left: [] } };
  const kinds = ['Secret', 'ConfigMap'].map((kind) => ({ apiVersion: 'v1', kind }));
  const lists = await Promise.all(
    kinds.map(async (kind) =>
      (await bootstrap.list(kind, { signal: step.signal })).items.map((item): KubeObject => ({ ...item, ...kind })),
    ),
  );
  const direction = { source: bootstrap, target: management, isForth: true };
  const plan = await planPivot(pivotOptions(family, direction, { attendant: step, context }));
  const moving = new Set(plan.objects.filter(({ verdict }) => verdict !== 'stays').map(({ ref }) => formatRef(ref)));
  return { management, sorted: sortValues(lists.flat(), moving) };
}

function withNamespaces(objects: readonly KubeObject[]): readonly KubeObject[] {
  const names = [...new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []))];
  return [...names.map((name): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })), ...objects];
}
