/** A recorded run with everything in it, for the tests of the renderers. */
import type { EventBody, SlipwayEvent } from '../../engine/events.ts';
import type { PlanData } from '../../engine/plan-data.ts';

const START = Date.UTC(2026, 0, 2, 3, 4, 5);

/** Events one second apart. */
export function timeline(bodies: readonly EventBody[]): readonly SlipwayEvent[] {
  return bodies.map((body, index) => ({ ...body, time: new Date(START + index * 1000).toISOString() }));
}

const step = (id: string, title: string, needs: readonly string[] = []) => ({
  step: id,
  title,
  subject: 'Cluster/demo',
  needs,
  direction: 'up' as const,
});

export const recordedPlan: PlanData = {
  format: '1.0',
  project: 'demo',
  verb: 'up',
  steps: [
    {
      ...step('local/run-etcd/demo', 'run etcd of demo'),
      change: {
        kind: 'create',
        summary: 'start etcd 3.6.12',
        details: [{ object: 'etcd', kind: 'create', reason: 'process is not there' }],
      },
    },
    {
      ...step('local/run-apiserver/demo', 'run the API server of demo', ['local/run-etcd/demo']),
      change: {
        kind: 'update',
        summary: 'restart kube-apiserver',
        details: [{ object: 'kube-apiserver', kind: 'update', reason: 'version v1.36.2 -> v1.36.3' }],
      },
    },
    {
      ...step('flux/apply-sources/demo', 'apply the sources of demo', ['local/run-apiserver/demo']),
      change: { kind: 'deferred', summary: 'known when the API server answers', announces: { GitRepository: 1, Kustomization: 2 } },
    },
    {
      ...step('local/remove-volume/demo', 'remove the old volume'),
      change: { kind: 'delete', summary: 'left the project', destroys: ['old'] },
    },
    {
      ...step('local/replace-disk/demo', 'replace the disk'),
      change: { kind: 'replace', summary: 'size cannot shrink', destroys: ['disk'] },
    },
    { ...step('local/prepare-cluster/demo', 'prepare the local cluster demo'), change: { kind: 'none', summary: 'up to date' } },
  ],
  counts: { create: 1, update: 1, replace: 1, delete: 1, deferred: 1, none: 1 },
  destroys: ['old', 'disk'],
  digest: 'd'.repeat(64),
};

export const emptyPlan: PlanData = {
  ...recordedPlan,
  steps: [],
  counts: { create: 0, update: 0, replace: 0, delete: 0, deferred: 0, none: 0 },
  destroys: [],
};

const healthCheckFailed = {
  code: 'SLW-BUG-001',
  message: 'Deployment/apps/web of apps is not ready: 0 of 1 replicas are available',
  fix: 'look at the events of Pod/apps/web-5d4',
  retry: 'no',
  object: 'Deployment/apps/web',
  at: { file: 'fleet/clusters/demo/web.yaml', line: 12, col: 3 },
} as const;

export const recordedRun: readonly SlipwayEvent[] = timeline([
  { type: 'version', format: '1.0', slipway: '0.1.0' },
  {
    type: 'finding',
    level: 'warning',
    code: 'SLW-CFG-001',
    message: 'the state of demo is a local file',
    at: { file: 'slipway.yaml', line: 3, col: 1 },
  },
  { type: 'run.started', run: '01jrun', verb: 'up', project: 'demo', slipway: '0.1.0', planDigest: recordedPlan.digest },
  { type: 'plan.made', plan: recordedPlan },
  { type: 'step.unchanged', step: 'local/prepare-cluster/demo' },
  {
    type: 'step.intended',
    step: 'local/run-etcd/demo',
    subject: 'Cluster/demo',
    title: 'run etcd of demo',
    needs: [],
    change: recordedPlan.steps[0]?.change ?? { kind: 'none', summary: '' },
    intent: {},
  },
  { type: 'step.started', step: 'local/run-etcd/demo', subject: 'Cluster/demo', title: 'run etcd of demo', phase: 'apply' },
  { type: 'step.progress', step: 'local/run-etcd/demo', message: 'listening', done: 1, total: 2 },
  { type: 'step.applied', step: 'local/run-etcd/demo', outputs: { port: 2379 }, ms: 850 },
  { type: 'step.verified', step: 'local/run-etcd/demo', ms: 12 },
  { type: 'step.started', step: 'local/run-apiserver/demo', subject: 'Cluster/demo', title: 'run the API server of demo', phase: 'apply' },
  {
    type: 'step.failed',
    step: 'local/run-apiserver/demo',
    phase: 'apply',
    error: { code: 'SLW-BUG-001', message: 'connection refused', fix: 'wait', retry: 'backoff' },
    attempt: 1,
    retryInMs: 400,
  },
  { type: 'step.log', step: 'local/run-apiserver/demo', source: 'kube-apiserver', line: 'I0102 serving' },
  { type: 'step.applied', step: 'local/run-apiserver/demo', outputs: {}, ms: 1900 },
  { type: 'step.started', step: 'flux/apply-sources/demo', subject: 'Cluster/demo', title: 'apply the sources of demo', phase: 'verify' },
  {
    type: 'step.waiting',
    step: 'flux/apply-sources/demo',
    object: 'Kustomization/flux-system/apps',
    reason: 'HealthCheckFailed',
    message: 'timeout waiting for Deployment/apps/web',
    forMs: 4000,
    boundMs: 300_000,
  },
  { type: 'heartbeat', running: ['flux/apply-sources/demo'], ms: 14_000 },
  {
    type: 'step.finding',
    step: 'flux/apply-sources/demo',
    level: 'warning',
    message: 'chart podinfo will not follow an edit (no reconcileStrategy: Revision)',
  },
  { type: 'step.failed', step: 'flux/apply-sources/demo', phase: 'verify', error: healthCheckFailed, attempt: 1 },
  { type: 'step.skipped', step: 'local/replace-disk/demo', reason: 'flux/apply-sources/demo failed' },
  { type: 'step.undone', step: 'local/remove-volume/demo', ms: 33 },
  { type: 'step.forgotten', step: 'local/old/demo', reason: 'nothing to undo' },
  { type: 'run.finished', run: '01jrun', status: 'failed', exit: 1, ms: 20_000, changed: 3 },
]);
