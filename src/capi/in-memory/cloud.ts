/**
 * The in-memory cloud of a project: one process that holds every machine of infrastructure `dev`, whichever API server they are
 * managed from, so that it outlives a pivot. It runs the controllers of each API server for as long as the pod process there is
 * attached to it. Where it is, and the word that lets one in, stands in the cloud file (0600).
 */
import { join } from 'node:path';
import { isSlipwayError } from '../../core/errors.ts';
import {
  ensureProcess,
  type EnsureResult,
  observeProcess,
  type ProcessSpec,
  type ProcessState,
  type ReadinessProbe,
  specDigest,
  stopProcess,
} from '../../control-plane/processes.ts';
import { rotateLogs } from '../../control-plane/log-files.ts';
import { acquireLock, type Lock } from '../../engine/lock.ts';
import type { Host } from '../../host/host.ts';
import { readCloud } from './oracle.ts';

export const CLOUD_COMPONENT = 'in-memory-cloud';
/** Environment variable of the provider's pods that names the cloud file. */
export const CLOUD_FILE_VARIABLE = 'IN_MEMORY_CLOUD_FILE';

/** Under this identity the process stands in the register. */
export const cloudClusterId = (stateId: string): string => `cloud-${stateId}`;

export const cloudFile = (cloudDir: string): string => join(cloudDir, 'cloud.json');

export const cloudLogFile = (cloudDir: string): string => join(cloudDir, 'in-memory-cloud.log');

export interface CloudPlace {
  /** Identity of the project's state folder. */
  readonly stateId: string;
  /** Folder of the cloud's own files; made when missing. */
  readonly cloudDir: string;
}

export interface EnsureCloudOptions extends CloudPlace {
  /** Path of `in-memory-provider`. */
  readonly binary: string;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly onWaiting?: (reason: string) => void;
}

/** Managers are ended one after the other, each with its requests under way. */
const GRACE_MS = 30_000;

export function cloudSpec({ cloudDir, binary }: Pick<EnsureCloudOptions, 'cloudDir' | 'binary'>): ProcessSpec {
  return {
    component: CLOUD_COMPONENT,
    command: binary,
    args: ['cloud', `--cloud-file=${cloudFile(cloudDir)}`],
    cwd: cloudDir,
    env: {},
    logFile: cloudLogFile(cloudDir),
    clusterDir: cloudDir,
    ports: {},
    graceMs: GRACE_MS,
  };
}

/** Digest of what should run; equal to the registered one: nothing to do. */
export const cloudDigest = (options: Pick<EnsureCloudOptions, 'cloudDir' | 'binary'>): string => specDigest(cloudSpec(options));

/**
 * Makes the cloud run and answer. Safe to call by many at once. Machines come back from their objects after a restart, endpoints
 * keep their ports. @throws SLW-LOC-001, -003
 */
export async function ensureCloud(host: Host, options: EnsureCloudOptions): Promise<EnsureResult> {
  const { stateId, cloudDir, signal, timeoutMs, onWaiting } = options;
  const lock = await acquire(host, join(cloudDir, 'start'), signal);
  try {
    await rotateLogs(host, cloudDir);
    return await ensureProcess(host, cloudSpec(options), {
      clusterId: cloudClusterId(stateId),
      signal,
      timeoutMs,
      ready: cloudProbe(host, options),
      ...(onWaiting && { onWaiting }),
    });
  } finally {
    await lock.release();
  }
}

const LOCK_POLL_MS = 50;

/** Several clusters of a project may want the cloud at once: two that both see a dead process would start it twice. */
async function acquire(host: Host, dir: string, signal: AbortSignal): Promise<Lock> {
  await host.files.mkdir(dir);
  for (;;) {
    signal.throwIfAborted();
    try {
      return await acquireLock(host, dir, 'in-memory cloud');
    } catch (error) {
      if (!isSlipwayError(error) || error.code !== 'SLW-STA-008') throw error;
      await host.clock.sleep(LOCK_POLL_MS, signal);
    }
  }
}

/** The file may be that of a process that died: the answer must come from the one that is registered. */
export function cloudProbe(host: Host, { stateId, cloudDir }: CloudPlace): ReadinessProbe {
  return async (signal) => {
    const cloud = await readCloud(host, cloudFile(cloudDir));
    if (!cloud) return 'the in-memory cloud has not said where it is';
    try {
      const [{ pid }, { identity }] = await Promise.all([cloud.state(signal), observeCloud(host, stateId)]);
      return pid === identity?.pid ? undefined : 'another in-memory cloud answers';
    } catch (error) {
      if (isSlipwayError(error)) return error.message;
      throw error;
    }
  };
}

export async function observeCloud(host: Host, stateId: string): Promise<ProcessState> {
  return observeProcess(host, { clusterId: cloudClusterId(stateId), component: CLOUD_COMPONENT });
}

/** Ends the process; its files stay. False: there was none. */
export async function stopCloud(host: Host, stateId: string): Promise<boolean> {
  return stopProcess(host, { clusterId: cloudClusterId(stateId), component: CLOUD_COMPONENT }, GRACE_MS);
}
