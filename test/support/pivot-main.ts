/**
 * One call of the pivot in a process of its own, as `slipway pivot` makes it, for suites that kill it. What to do is JSON in
 * SLIPWAY_TEST_PIVOT; each event is a line on standard output, the last line is `result` or `error`. Before each write a line goes to
 * the write log, so that whoever kills knows what was hit. The kill comes through the pivot's own write seam and its events.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { connectWebhooks } from '../../src/capi/providers/webhooks.ts';
import { holdControllers, startControllers, stopControllers } from '../../src/capi/providers/controllers.ts';
import type { ControllerSwitch, PivotOptions, PivotPhase, PivotWrite } from '../../src/capi/pivot/options.ts';
import { pivotStatus, planPivot, retirePivot, rollbackPivot, runPivot } from '../../src/capi/pivot/pivot.ts';
import { toErrorRecords } from '../../src/core/errors.ts';
import type { Host } from '../../src/host/host.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import { formatRef } from '../../src/kube/types.ts';
import type { ProviderName } from '../../src/capi/providers/provider.ts';

export interface PivotEndOrder {
  readonly kubeconfigFile: string;
  readonly clusterDir: string;
}

export interface PivotOrder {
  readonly verb: 'plan' | 'run' | 'rollback' | 'retire' | 'status';
  readonly source: PivotEndOrder;
  readonly target: PivotEndOrder;
  readonly cloudFile: string;
  readonly providers: readonly ProviderName[];
  readonly options: Pick<
    PivotOptions,
    | 'namespaces'
    | 'clusters'
    | 'disposableSource'
    | 'acceptUnobservedPause'
    | 'watchMs'
    | 'parallel'
    | 'holdFrom'
    | 'timeoutMs'
    | 'suspendFlux'
  >;
  /** SIGKILL to itself at the n-th write, or when a phase starts or is done. */
  readonly kill?: KillOrder;
  readonly writeLog?: string;
  /** Lines of PivotJournal entries. */
  readonly journal?: string;
}

export type KillOrder =
  /** At the first side of a write that the file does not hold yet; it is added first. */
  | { readonly side: 'each'; readonly hitFile: string }
  | { readonly side: 'before' | 'after'; readonly write: number }
  | { readonly side: 'started' | 'done'; readonly phase: PivotPhase };

const verbs = { plan: planPivot, run: runPivot, rollback: rollbackPivot, retire: retirePivot, status: pivotStatus } as const;

const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  // The signal is on its way; nothing may happen until it comes.
  for (;;);
};

function isNew(file: string, line: string): boolean {
  if (existsSync(file) && readFileSync(file, 'utf8').split('\n').includes(line)) return false;
  appendFileSync(file, `${line}\n`);
  return true;
}

function switchOf(host: Host, client: KubeClient, { order, end }: { order: PivotOrder; end: PivotEndOrder }): ControllerSwitch {
  const { timeoutMs } = order.options;
  const placement = { kind: 'local', clusterDir: end.clusterDir, cloudFile: order.cloudFile } as const;
  const connect = (signal: AbortSignal): Promise<void> =>
    connectWebhooks(client, { host, providers: order.providers, owner: 'pivot-suite', placement, signal, timeoutMs });
  return {
    stop: async (signal) => void (await stopControllers(client, { host, signal, timeoutMs })),
    hold: async (signal) => {
      await holdControllers(client, { host, signal, timeoutMs });
      await connect(signal);
    },
    start: async (signal) => {
      await startControllers(client, { host, signal, timeoutMs });
      await connect(signal);
    },
  };
}

async function main(order: PivotOrder): Promise<void> {
  const host = createNodeHost();
  const emit = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
  const { kill } = order;
  let phase = 'none';
  const open = (name: string, end: PivotEndOrder): Promise<KubeClient> =>
    createKubeClient(host, { kubeconfig: readFileSync(end.kubeconfigFile, 'utf8'), name });
  const [source, target] = await Promise.all([open('source', order.source), open('target', order.target)]);
  const onWrite = (write: PivotWrite, moment: 'before' | 'after'): void => {
    if (moment === 'before' && order.writeLog !== undefined)
      appendFileSync(order.writeLog, `${JSON.stringify({ ...write, ref: formatRef(write.ref), phase })}\n`);
    if (kill && 'write' in kill && kill.side === moment && write.ordinal === kill.write) die();
    if (
      kill &&
      'hitFile' in kill &&
      isNew(kill.hitFile, `${moment} ${phase}: ${write.purpose} ${write.verb} ${formatRef(write.ref)} on the ${write.end}`)
    )
      die();
  };
  const { journal } = order;
  const options: PivotOptions = {
    ...order.options,
    host,
    source: { client: source, name: 'source', controllers: switchOf(host, source, { order, end: order.source }) },
    target: { client: target, name: 'target', controllers: switchOf(host, target, { order, end: order.target }) },
    signal: new AbortController().signal,
    report: (event) => {
      emit(event);
      if (event.type === 'phase') {
        phase = event.phase;
        if (kill && 'phase' in kill && kill.phase === event.phase && kill.side === event.state) die();
      }
    },
    onWrite,
    ...(journal !== undefined && { journal: { record: async (entry) => appendFileSync(journal, `${JSON.stringify(entry)}\n`) } }),
  };
  const result = await verbs[order.verb](options);
  const { user, system } = process.cpuUsage();
  emit({ type: 'result', result, peakBytes: host.env.peakMemoryBytes(), cpuMs: (user + system) / 1_000 });
  await Promise.all([source.close(), target.close()]);
}

try {
  await main(JSON.parse(process.env['SLIPWAY_TEST_PIVOT'] ?? '{}') as PivotOrder);
} catch (error) {
  const [failure, ...others] = toErrorRecords(error);
  const stack = error instanceof Error ? error.stack : undefined;
  process.stdout.write(`${JSON.stringify({ type: 'error', error: { ...failure, others, stack } })}\n`);
  process.exitCode = 1;
}
