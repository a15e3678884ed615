/** Controllers that do not run or do not act, and that the Cluster needs. Pure. */
import { readinessOf } from '../../kube/readiness.ts';
import { numberAt } from '../../kube/readiness-state.ts';
import type { KubeObject } from '../../kube/types.ts';
import { isHeld } from '../providers/deployment.ts';
import { causeAt } from './blocker.ts';
import { machinesOf } from './family.ts';
import type { Finding, Inquiry } from './inquiry.ts';

/** Cluster API's own first, then in the order in which a cluster needs them. */
const ORDER = ['cluster-api', 'infrastructure-', 'bootstrap-', 'control-plane-'] as const;

export function stoppedProviders({ evidence, family }: Inquiry): readonly Finding[] {
  const groups = [
    family.infrastructure,
    family.controlPlane,
    ...machinesOf(family).flatMap((parts) => [parts.bootstrap, parts.infrastructure]),
  ].map((part) => part?.ref.group ?? '');
  const needed = [...evidence.stopped].filter(([label]) => isNeeded(label, groups));
  const rank = (label: string): number => ORDER.findIndex((prefix) => label.startsWith(prefix));
  return needed.toSorted(([a], [b]) => rank(a) - rank(b)).map(([, deployment]) => causeAt(deployment, wordsFor(deployment)));
}

function isNeeded(label: string, groups: readonly string[]): boolean {
  if (label === 'cluster-api') return true;
  const area = label.startsWith('control-plane-') ? 'controlplane' : label.split('-')[0];
  return groups.some((group) => group.split('.')[0] === area);
}

function wordsFor(deployment: KubeObject): { readonly reason: string; readonly message: string } {
  if (numberAt(deployment, 'spec', 'replicas') === 0)
    return { reason: 'ControllerStopped', message: 'is scaled to zero: nobody works on what is its to do' };
  if (isHeld(deployment))
    return { reason: 'ControllerHeld', message: 'was told to leave all objects alone by a pivot, which is to be finished or rolled back' };
  const { reason, message } = readinessOf(deployment);
  return { reason: 'ControllerNotRunning', message: message === '' ? reason : message };
}
