/** The programs we compare ourselves with, built from bench/go.mod into the cache, once for each content of go.mod and go.sum. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const PACKAGES: Readonly<Record<string, string>> = { kubectl: 'k8s.io/kubernetes/cmd/kubectl' };

/** Path of the peer's binary; SLIPWAY_BENCH_PEERS names a folder that has it already. */
export function peerBinary(name: keyof typeof PACKAGES & string): string {
  const given = join(process.env['SLIPWAY_BENCH_PEERS'] ?? '/nowhere', name);
  if (existsSync(given)) return given;
  const key = createHash('sha256')
    .update(readFileSync(join(import.meta.dirname, 'go.mod')))
    .update(readFileSync(join(import.meta.dirname, 'go.sum')))
    .digest('hex')
    .slice(0, 16);
  const cache = process.env['SLIPWAY_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'slipway');
  const binary = join(cache, 'peers', key, name);
  if (!existsSync(binary)) build(PACKAGES[name] ?? name, binary);
  return binary;
}

function build(source: string, binary: string): void {
  process.stderr.write(`building ${source} (once; minutes)\n`);
  mkdirSync(join(binary, '..'), { recursive: true, mode: 0o700 });
  const unfinished = `${binary}.${process.pid}`;
  const { status } = spawnSync('go', ['build', '-trimpath', '-o', unfinished, source], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '' },
  });
  if (status !== 0) throw new Error(`go build ${source} failed`);
  renameSync(unfinished, binary);
}
