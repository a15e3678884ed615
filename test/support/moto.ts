/**
 * moto (PyPI) as the AWS API: a server process on a free loopback port, an empty world for each test file. Python's own moto when it has the
 * server, else a virtual environment in Slipway's cache, made once.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createNodeHost } from '../../src/host/node.ts';
import type { Host } from '../../src/host/host.ts';

const REQUIREMENT = 'moto[server]==5.2.5';
const VENV = join(
  process.env['SLIPWAY_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'slipway'),
  'moto-5.2.5',
);
const START_BOUND_MS = 120_000;
/**
 * moto evaluates bucket policies without their conditions, and would deny every write to a bucket that is for TLS alone. Here loopback stands for
 * TLS: statements that deny plain connections are passed over, all others hold.
 */
const SERVER = `
import json, sys
from moto.s3.models import FakeBucket
original = FakeBucket.get_permission
def get_permission(self, action, resource):
    kept = self.policy
    if kept is not None:
        policy = json.loads(kept)
        policy["Statement"] = [s for s in policy["Statement"] if "aws:SecureTransport" not in json.dumps(s.get("Condition", {}))]
        self.policy = json.dumps(policy).encode() if policy["Statement"] else None
    try:
        return original(self, action, resource)
    finally:
        self.policy = kept
FakeBucket.get_permission = get_permission
from moto.server import main
main(sys.argv[1:])
`;

export interface Moto {
  readonly endpoint: string;
  readonly env: Readonly<Record<string, string>>;
  /** The real host with moto as its AWS. */
  readonly host: Host;
  /** Forgets everything. */
  reset(): Promise<void>;
  /** From now on IAM policies are enforced, as in a real account. */
  enforcePolicies(): Promise<void>;
  close(): void;
}

/** Why there is no moto here; undefined when there is. For `skipIf`, which counts. */
export function whyNoMoto(): string | undefined {
  return python() === undefined ? `${REQUIREMENT} can neither be found nor installed` : undefined;
}

function python(): string | undefined {
  if (hasServer('python3')) return 'python3';
  const own = join(VENV, 'bin', 'python');
  if (existsSync(own) && hasServer(own)) return own;
  mkdirSync(VENV, { recursive: true });
  const made = spawnSync('python3', ['-m', 'venv', VENV], { stdio: 'ignore' });
  if (made.status !== 0) return undefined;
  const installed = spawnSync(own, ['-m', 'pip', 'install', '--quiet', REQUIREMENT], { stdio: 'ignore', timeout: 300_000 });
  return installed.status === 0 && hasServer(own) ? own : undefined;
}

function hasServer(command: string): boolean {
  return spawnSync(command, ['-c', 'import flask, flask_cors, moto.server'], { stdio: 'ignore' }).status === 0;
}

export async function startMoto(): Promise<Moto> {
  const command = python();
  if (command === undefined) throw new Error('moto is not there');
  const real = createNodeHost();
  const port = await real.net.freePort();
  const child = spawn(command, ['-c', SERVER, '-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const endpoint = `http://127.0.0.1:${port}`;
  await untilListening(child, port);
  const env = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'AKIATESTTESTTESTTEST',
    AWS_SECRET_ACCESS_KEY: 'planted-secret-access-key-of-a-test',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const post = async (path: string, body?: string): Promise<void> => {
    const answer = await fetch(`${endpoint}/moto-api/${path}`, { method: 'POST', ...(body !== undefined && { body }) });
    if (!answer.ok) throw new Error(`moto answered ${answer.status} to ${path}`);
  };
  return {
    endpoint,
    env,
    host: withEnvironment(real, env),
    reset: () => post('reset'),
    enforcePolicies: () => post('reset-auth', '0'),
    close: () => void child.kill('SIGKILL'),
  };
}

async function untilListening(child: ChildProcess, port: number): Promise<void> {
  const { net, clock } = createNodeHost();
  const end = clock.monotonic() + START_BOUND_MS;
  while (!(await net.canConnect('127.0.0.1', port, 1000))) {
    if (child.exitCode !== null) throw new Error(`moto ended with ${child.exitCode}`);
    if (clock.monotonic() > end) throw new Error('moto does not listen');
    await clock.sleep(100);
  }
}

/** The same machine with these variables, and none of AWS besides them. */
export function withEnvironment(host: Host, env: Readonly<Record<string, string>>): Host {
  const others = Object.entries(host.env.variables()).filter(([name]) => !name.startsWith('AWS_'));
  const variables = { ...Object.fromEntries(others), ...env };
  return { ...host, env: { ...host.env, get: (name) => variables[name as keyof typeof variables], variables: () => variables } };
}
