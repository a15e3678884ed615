/**
 * The real world. Built only by cli/main.ts, the defaults of index.ts, and tests.
 */
import { lookup } from 'node:dns/promises';
import { randomBytes, randomUUID } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { availableParallelism, homedir, hostname, userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { SlipwayError } from '../core/errors.ts';
import type { Clock, Environment, Host, Net, Random } from './host.ts';
import { nodeFiles } from './node-files.ts';
import { createNodeProcesses } from './node-processes.ts';

export function createNodeHost(): Host {
  return { files: nodeFiles, processes: createNodeProcesses(), clock, random, net, env: createEnvironment() };
}

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal ? { signal } : {}),
  every: (ms, callback) => {
    const timer = setInterval(callback, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
  timeout: (ms) => AbortSignal.timeout(ms),
};

const random: Random = {
  bytes: (length) => randomBytes(length),
  uuid: () => randomUUID(),
  number: () => Math.random(),
};

const net: Net = {
  freePort: async (avoid = new Set()) => {
    for (let attempt = 0; attempt < 100; attempt++) {
      const port = await listenOnce(0);
      if (port !== undefined && !avoid.has(port)) return port;
    }
    throw new SlipwayError('SLW-HST-008', 'no free loopback port after 100 attempts');
  },
  isPortFree: async (port) => (await listenOnce(port)) !== undefined,
  canConnect: (host, port, timeoutMs) =>
    new Promise((resolve) => {
      const socket = connect({ host, port, timeout: timeoutMs });
      const settle = (answer: boolean): void => {
        socket.destroy();
        resolve(answer);
      };
      socket
        .once('connect', () => settle(true))
        .once('error', () => settle(false))
        .once('timeout', () => settle(false));
    }),
  lookup: async (name) => {
    const found = await lookup(name, { all: true }).catch(() => []);
    return found.map(({ address }) => address);
  },
};

/** Binds and frees a port; the port, or undefined when it cannot be bound. */
function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}

function createEnvironment(): Environment {
  if (process.platform !== 'linux' && process.platform !== 'darwin')
    throw new SlipwayError('SLW-HST-007', `platform ${process.platform} is not supported`);
  if (process.arch !== 'x64' && process.arch !== 'arm64')
    throw new SlipwayError('SLW-HST-007', `architecture ${process.arch} is not supported`);
  return {
    get: (name) => process.env[name],
    variables: () =>
      Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
    cwd: process.cwd(),
    home: homedir(),
    user: userName(),
    uid: process.getuid?.() ?? -1,
    hostname: hostname(),
    platform: process.platform,
    arch: process.arch,
    cpus: availableParallelism(),
    nodePath: process.execPath,
    pid: process.pid,
    peakMemoryBytes: () => process.resourceUsage().maxRSS * 1024,
  };
}

/** A uid without an entry in the user database (containers) has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
