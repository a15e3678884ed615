/** `slipway logs`: what the components of a cluster wrote; one after the other, or all as they come. */
import { followLog, readLogTail } from '../control-plane/log-files.ts';
import { SlipwayError } from '../core/errors.ts';
import { closest } from '../core/ids.ts';
import { chooseCluster } from './clusters.ts';
import type { LogLine, LogsOptions } from './operations.ts';
import { findProjectOrState, withReadable } from './workspace.ts';

/** @throws SLW-STA-013 no such cluster, SLW-STA-015 no such component */
export async function* clusterLogs(options: LogsOptions): AsyncGenerator<LogLine, void, undefined> {
  const place = await findProjectOrState(options);
  const logs = await withReadable(place, options, async (workspace) => {
    const { view, provisioner } = chooseCluster(workspace, options.cluster);
    return provisioner.logs(view, workspace.context);
  });
  const chosen = chooseComponents(logs, options);
  if (options.follow) return yield* followAll(chosen, options);
  for (const [component, path] of chosen) {
    for (const line of await readLogTail(options.host, path, { lines: options.tail })) yield { component, line };
  }
}

function chooseComponents(logs: ReadonlyMap<string, string>, { component, cluster }: LogsOptions): readonly (readonly [string, string])[] {
  if (component === undefined) return [...logs];
  const path = logs.get(component);
  if (path !== undefined) return [[component, path]];
  const controllers = [...logs].filter(([name]) => isOfController(name, component));
  if (controllers.length > 0) return controllers;
  const near = closest(component, logs.keys());
  const names = [...logs.keys()].join(', ') || 'none yet';
  throw new SlipwayError('SLW-STA-015', `cluster ${cluster} has no component ${component}`, {
    fix: near === undefined ? `its components are ${names}` : `did you mean ${near}?`,
  });
}

/** Pods of the local runtime are called `pod.NAMESPACE.POD.CONTAINER`: `source-controller` means all pods of that Deployment. */
function isOfController(name: string, wanted: string): boolean {
  const [kind, , pod = ''] = name.split('.');
  return kind === 'pod' && pod.replace(/-[a-z0-9]+-[a-z0-9]+$/, '') === wanted;
}

/** Lines of all files in the order in which they are seen. */
async function* followAll(
  logs: readonly (readonly [string, string])[],
  { host, signal, tail }: LogsOptions,
): AsyncGenerator<LogLine, void, undefined> {
  const queue: LogLine[] = [];
  let wake: (() => void) | undefined;
  const pump = async ([component, path]: readonly [string, string]): Promise<void> => {
    for await (const line of followLog(host, path, { signal, lines: tail })) {
      queue.push({ component, line });
      wake?.();
    }
  };
  const ended = Promise.all(logs.map(pump)).then(() => wake?.());
  while (!signal.aborted) {
    yield* queue.splice(0);
    if (queue.length === 0) await new Promise<void>((resolve) => (wake = resolve));
  }
  await ended;
}
