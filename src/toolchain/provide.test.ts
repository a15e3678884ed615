import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireLock } from '../engine/lock.ts';
import type { Host } from '../host/host.ts';
import { createNodeHost } from '../host/node.ts';
import { compareGoVersions } from './go-environment.ts';
import { buildFailure } from './build-failure.ts';
import { readPins } from './catalogue.ts';
import { cacheFolder, locateBinaries, toolchainCache } from './locate.ts';
import { provideBinaries, type ProvideOptions } from './provide.ts';

const real = createNodeHost();
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'toolchain-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** The real host with other variables, and a `go` that is a script of ours, or none. */
async function hostWith({ go, variables = {} }: { go?: string; variables?: Record<string, string> }): Promise<Host> {
  const bin = join(dir, 'bin');
  if (go !== undefined) await script(join(bin, 'go'), go);
  const env = { ...real.env, get: (name: string) => ({ SLIPWAY_CACHE: join(dir, 'cache'), ...variables })[name] };
  const which = async (command: string): Promise<string | undefined> => (command === 'go' ? (go === undefined ? undefined : join(bin, 'go')) : real.processes.which(command));
  const run: Host['processes']['run'] = async (command, args, options) => real.processes.run(command === 'go' ? join(bin, 'go') : command, args, { ...options, env: { ...options?.env, PATH: '/usr/bin:/bin', SCRATCH: dir } });
  return { ...real, env, processes: { ...real.processes, which, run } };
}

async function script(path: string, text: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
}

const options = (): ProvideOptions => ({ signal: new AbortController().signal, report: () => undefined });

/** Acts like the go command for `env`, `list` and a `build` that writes a program for each package asked for. */
const GO = `
case "$1" in
  env) [ "$2" = -json ] && echo '{}' || echo go1.99.0;;
  list) echo a/b; echo c/d;;
  build)
    echo built >>"$SCRATCH/builds"
    while [ "$1" != -o ]; do shift; done
    out=$2
    shift 2
    for package; do name=\${package%/v3}; name=\${name##*/}; printf '#!/bin/sh\\necho "etcd Version: 3.6.12"\\n' >"$out$name"; chmod 755 "$out$name"; echo "$package" >&2; done;;
esac`;

describe('provideBinaries', () => {
  it('builds once what is missing, reports progress, and finds it afterwards without Go', async () => {
    const reports: unknown[] = [];
    const host = await hostWith({ go: GO });
    const [etcd] = await provideBinaries(host, ['etcd'], { ...options(), report: (report) => reports.push(report) });
    expect(etcd).toMatchObject({ source: 'cache', version: 'v3.6.12' });
    expect(reports).toContainEqual({ type: 'progress', message: 'compiles go.etcd.io/etcd/server/v3', done: 1, total: 2 });
    expect((await provideBinaries(host, ['etcd'], options()))[0]?.path).toBe(etcd?.path);
    expect((await provideBinaries(await hostWith({}), ['etcd'], options()))[0]?.path).toBe(etcd?.path);
    expect((await real.files.readText(join(dir, 'builds')))?.trim()).toBe('built');
  });

  it('builds once when two ask at the same time', async () => {
    const host = await hostWith({ go: GO.replace('echo built', 'sleep 0.3; echo built') });
    const both = await Promise.all([provideBinaries(host, ['etcd'], options()), provideBinaries(host, ['etcd'], options())]);
    expect(both[0][0]?.path).toBe(both[1][0]?.path);
    expect((await real.files.readText(join(dir, 'builds')))?.trim()).toBe('built');
  });

  it('says that it waits for another one, and stops waiting when aborted', async () => {
    const host = await hostWith({ go: GO });
    await mkdir(toolchainCache(host), { recursive: true });
    const lock = await acquireLock(host, toolchainCache(host), 'toolchain');
    const abort = new AbortController();
    const report: ProvideOptions['report'] = (event) => {
      if (event.type === 'progress' && event.message.startsWith('waits for another slipway')) abort.abort();
    };
    await expect(provideBinaries(host, ['etcd'], { signal: abort.signal, report })).rejects.toMatchObject({ name: 'AbortError' });
    await lock.release();
  });

  it('removes what a killed build left, and never admits a program that does not work', async () => {
    const host = await hostWith({ go: GO.replace('echo "etcd Version: 3.6.12"', 'exit 9') });
    await mkdir(join(toolchainCache(host), '.building-old'), { recursive: true });
    await expect(provideBinaries(host, ['etcd'], options())).rejects.toMatchObject({ code: 'SLW-TCH-007' });
    expect((await readdir(toolchainCache(host))).filter((name) => name.startsWith('.building'))).toEqual([]);
    expect((await locateBinaries(host, ['etcd'])).missing).toHaveLength(1);
  });

  it('names what else would do when Go is missing or too old', async () => {
    await expect(provideBinaries(await hostWith({}), ['etcd'], options())).rejects.toMatchObject({ code: 'SLW-TCH-001', fix: expect.stringContaining('--toolchain DIR') });
    await expect(provideBinaries(await hostWith({ go: 'echo go1.20.1' }), ['etcd'], options())).rejects.toMatchObject({ code: 'SLW-TCH-002', message: expect.stringContaining('go1.20.1') });
  });
});

describe('locateBinaries', () => {
  it('prefers the folder given, then test assets of the same minor version, each binary on its own', async () => {
    await script(join(dir, 'own', 'etcd'), 'echo own');
    await script(join(dir, 'assets', 'etcd'), 'echo "etcd Version: 3.6.99"');
    await script(join(dir, 'assets', 'kube-apiserver'), 'echo "Kubernetes v1.30.0"');
    const host = await hostWith({ go: GO, variables: { KUBEBUILDER_ASSETS: join(dir, 'assets') } });
    const both = await locateBinaries(host, ['etcd', 'kube-apiserver'], { toolchainDir: join(dir, 'own') });
    expect(both.found).toEqual([{ name: 'etcd', path: join(dir, 'own', 'etcd'), source: 'folder', version: 'v3.6.12' }]);
    expect(both.findings).toEqual([`${join(dir, 'assets', 'kube-apiserver')} is v1.30.0, not v1.36.3: not used`]);
    expect((await locateBinaries(host, ['etcd'])).found).toMatchObject([{ source: 'kubebuilder-assets', version: 'v3.6.99' }]);
  });

  it('refuses a toolchain folder that is not there', async () => {
    await expect(locateBinaries(await hostWith({}), ['etcd'], { toolchainDir: join(dir, 'nowhere') })).rejects.toMatchObject({ code: 'SLW-TCH-009' });
  });

  it('does not take the binary of another Go version while Go is there', async () => {
    const host = await hostWith({ go: GO });
    await script(join(cacheFolder(host, { pins: await readPins(host), name: 'etcd', goVersion: 'go1.98.0' }), 'etcd'), 'true');
    expect((await locateBinaries(host, ['etcd'])).missing).toMatchObject([{ name: 'etcd', estimatedSeconds: 28 }]);
    expect((await locateBinaries(await hostWith({}), ['etcd'])).found).toHaveLength(1);
  });
});

describe('buildFailure', () => {
  it.each([
    ['go: github.com/a/b@v1.2.3: Get "https://x/github.com/a/b/@v/v1.2.3.zip": dial tcp 1.2.3.4:443: i/o timeout', 'SLW-TCH-003', 'github.com/a/b@v1.2.3'],
    ['go: github.com/a/b@v1.2.3: reading https://x/@v/v1.2.3.mod: 403 Forbidden', 'SLW-TCH-003', 'github.com/a/b@v1.2.3'],
    ['verifying github.com/a/b@v1.2.3: checksum mismatch\n\tdownloaded: h1:x', 'SLW-TCH-006', 'github.com/a/b@v1.2.3'],
    ['k8s.io/api\n/usr/lib/go/pkg/tool/link: write /x/kube-apiserver: no space left on device', 'SLW-TCH-005', 'no space left'],
    ['k8s.io/api\n# k8s.io/foo\nfoo.go:3:1: syntax error', 'SLW-TCH-004', 'foo.go:3:1: syntax error'],
    ['', 'SLW-TCH-004', 'without a word'],
  ])('reads %j', (stderr, code, part) => {
    expect(buildFailure(stderr)).toMatchObject({ code, message: expect.stringContaining(part) });
  });
});

it('compares Go versions by number, a candidate before its release', () => {
  expect(compareGoVersions('go1.9', 'go1.26.0')).toBeLessThan(0);
  expect(compareGoVersions('go1.26.0', 'go1.26')).toBe(0);
  expect(compareGoVersions('go1.27rc1', 'go1.27.0')).toBeLessThan(0);
  expect(compareGoVersions('go1.26.8 X:foo', 'go1.26.0')).toBeGreaterThan(0);
});
