/** The status a kubelet would write. Pure. */
import type { Pod } from './pod.ts';

export interface ContainerFacts {
  readonly name: string;
  readonly image: string;
  readonly ready: boolean;
  readonly pid: number;
  /** ISO 8601, seconds. */
  readonly startedAt: string;
  readonly restartCount: number;
  /** Why it is not ready. */
  readonly reason?: string;
}

/** `changedAt` is the time of every condition: they change together here. */
export function podStatus(containers: readonly ContainerFacts[], changedAt: string): Readonly<Record<string, unknown>> {
  const ready = containers.every((container) => container.ready);
  const condition = (type: string, value: boolean, reason?: string): Record<string, unknown> => ({
    type,
    status: value ? 'True' : 'False',
    lastTransitionTime: changedAt,
    ...(!value && { reason: reason ?? 'ContainersNotReady' }),
  });
  return {
    phase: 'Running',
    startTime: containers[0]?.startedAt ?? changedAt,
    conditions: [
      condition('PodScheduled', true),
      condition('Initialized', true),
      condition('PodReadyToStartContainers', true),
      condition('ContainersReady', ready),
      condition('Ready', ready),
    ],
    containerStatuses: containers.map(containerStatus),
  };
}

function containerStatus(container: ContainerFacts): Readonly<Record<string, unknown>> {
  const { name, image, ready, startedAt, restartCount, pid, reason } = container;
  const state = ready ? { running: { startedAt } } : { waiting: { reason: 'NotReady', message: reason ?? '' } };
  return { name, image, imageID: '', ready, started: ready, restartCount, containerID: `slipway://${pid}`, state };
}

/** Whether the server already says so, times apart. */
export function saysSo(pod: Pod, containers: readonly ContainerFacts[]): boolean {
  const isReady = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  const ids = (pod.status?.containerStatuses ?? []).map(({ containerID }) => containerID).toSorted();
  const wanted = containers.map(({ pid }) => `slipway://${pid}`).toSorted();
  return pod.status?.phase === 'Running' && isReady === containers.every(({ ready }) => ready) && ids.join() === wanted.join();
}
