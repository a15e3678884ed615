/**
 * What all clusters share whose control plane is processes of this machine, whoever made them: the way to them, what cannot run there,
 * how their processes and logs are shown.
 */
import { join } from 'node:path';
import { clusterLayout } from '../control-plane/cluster-layout.ts';
import { readCluster, servingKubeconfig } from '../control-plane/local-cluster.ts';
import { rotateLogs } from '../control-plane/log-files.ts';
import { listProcesses, type ProcessState } from '../control-plane/processes.ts';
import { classifyPodSpec } from '../control-plane/runtime/classify.ts';
import { asPod } from '../control-plane/runtime/pod.ts';
import type { Step, StepContext } from '../engine/step.ts';
import type { CannotRun } from '../flux/diagnose-workload.ts';
import type { Host } from '../host/host.ts';
import type { KubeClient } from '../kube/types.ts';
import type { Pins } from '../toolchain/catalogue.ts';
import type { KubeconfigSource, ProcessView, ProvisionerContext } from './provisioner.ts';

/** While planning a cluster whose API server is not there, nothing can be asked of it. */
export async function connectWhenServing(
  { host }: Pick<StepContext, 'host'>,
  context: ProvisionerContext,
  clusterDir: string,
): Promise<KubeClient | undefined> {
  const text = await servingKubeconfig(host, clusterDir);
  return text === undefined ? undefined : context.connect({ text });
}

/** Pods with images that no process stands for stay Pending for ever; whoever waits for them should know at once. */
export function createCannotRun(pins: Pins): CannotRun {
  return (object) => {
    if (object.kind !== 'Pod' || object.apiVersion !== 'v1') return undefined;
    const verdict = classifyPodSpec(pins, asPod(object).spec);
    return verdict.runs ? undefined : `no node here can run it: ${verdict.reason}`;
  };
}

/** Every run that passes by keeps the logs small, also where no resident server does. */
export function rotatingLogs(step: Step, clusterDir: string): Step {
  return {
    ...step,
    verify: async (context) => {
      await step.verify?.(context);
      await rotateLogs(context.host, clusterLayout(clusterDir).logsDir);
    },
  };
}

/** The administrator's kubeconfig as it lies in the folder; undefined before it was made. */
export async function folderKubeconfig(host: Host, clusterDir: string): Promise<KubeconfigSource | undefined> {
  const path = clusterLayout(clusterDir).kubeconfig;
  const text = await host.files.readText(path);
  return text === undefined ? undefined : { text, path };
}

/** Processes registered for the cluster in the folder; empty when there is none. */
export async function processViews(host: Host, clusterDir: string): Promise<readonly ProcessView[]> {
  const cluster = await readCluster(host, clusterDir);
  return cluster ? (await listProcesses(host, cluster.clusterId)).map(toProcessView) : [];
}

/** What runs here for a cluster that runs elsewhere: its Git server. */
export async function attendantViews(host: Host, registerId: string): Promise<readonly ProcessView[]> {
  return (await listProcesses(host, registerId)).map(toProcessView);
}

/** Log files by component. */
export function logFiles(host: Host, clusterDir: string): Promise<ReadonlyMap<string, string>> {
  return logsIn(host, [clusterLayout(clusterDir).logsDir, gitLogs(join(clusterDir, 'git'))]);
}

/** As `logFiles`, of a cluster that has no folder here but its Git server's. */
export function attendantLogs(host: Host, gitDir: string): Promise<ReadonlyMap<string, string>> {
  return logsIn(host, [gitLogs(gitDir)]);
}

const gitLogs = (gitDir: string): string => join(gitDir, 'logs');

async function logsIn(host: Host, folders: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = await Promise.all(
    folders.map(async (folder) => (await host.files.list(folder)).map((name) => [name, join(folder, name)] as const)),
  );
  const logs = found.flat().filter(([name]) => name.endsWith('.log'));
  return new Map(logs.map(([name, path]) => [name.slice(0, -'.log'.length), path]));
}

export function toProcessView(process: ProcessState): ProcessView {
  const { component, state, identity } = process;
  const facts = processFacts(process);
  if (state === 'running') return { component, state: 'running', facts, ...(identity && { pid: identity.pid }) };
  return { component, state: 'stopped', facts, message: 'the process is gone; the next slipway up starts it again' };
}

function processFacts({ identity, entry }: ProcessState): Readonly<Record<string, string>> {
  const ports = Object.values(entry?.ports ?? {});
  const restarts = entry?.restarts ?? 0;
  return {
    ...(identity && { pid: String(identity.pid) }),
    ...(ports.length > 0 && { port: ports.join(',') }),
    ...(restarts > 0 && { restarts: String(restarts) }),
  };
}
