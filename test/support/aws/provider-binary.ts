/** The test provider as a binary, built once for its sources, and the folder in which OpenTofu looks for providers. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createNodeHost } from '../../../src/host/node.ts';
import { buildEnvironment } from '../../../src/toolchain/go-environment.ts';
import { cacheRoot } from '../../../src/toolchain/locate.ts';

const run = promisify(execFile);
const SOURCES = join(import.meta.dirname, '..', '..', 'aws-provider');

function digest(): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(SOURCES).sort()) {
    if (/\.(go|json|mod|sum)$/.test(name) && !name.endsWith('_test.go')) hash.update(name).update(readFileSync(join(SOURCES, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

const version = (): string =>
  (JSON.parse(readFileSync(join(SOURCES, 'schema.json'), 'utf8')) as { readonly provider_version: string }).provider_version;

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Folder of a filesystem mirror with the provider under both registries' names. Safe with others at the same time. */
export async function providerMirror(): Promise<string> {
  const root = join(cacheRoot(createNodeHost()), 'test-aws-provider');
  const mirror = join(root, digest());
  if (existsSync(mirror)) return mirror;
  mkdirSync(root, { recursive: true });
  const staging = mkdtempSync(join(root, '.building-'));
  try {
    const binary = join(staging, 'provider');
    await build(binary);
    const platform = `${process.platform}_${ARCHITECTURES[process.arch] ?? process.arch}`;
    for (const registry of ['registry.opentofu.org', 'registry.terraform.io']) {
      const folder = join(staging, 'mirror', registry, 'hashicorp', 'aws', version(), platform);
      mkdirSync(folder, { recursive: true });
      cpSync(binary, join(folder, `terraform-provider-aws_v${version()}`));
    }
    renameSync(join(staging, 'mirror'), mirror);
  } catch (error) {
    // Another one that was faster made the same.
    if (!existsSync(mirror)) throw error;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return mirror;
}

async function build(binary: string): Promise<void> {
  const env = await buildEnvironment(createNodeHost(), SOURCES, new AbortController().signal);
  await run('go', ['build', '-trimpath', '-mod=readonly', '-buildvcs=false', '-ldflags=-s -w', '-o', binary, '.'], {
    cwd: SOURCES,
    env,
    maxBuffer: 16 * 1024 * 1024,
  });
}

/** A CLI configuration that knows this mirror and no registry. Returns its path. */
export async function writeCliConfiguration(folder: string): Promise<string> {
  const mirror = await providerMirror();
  const path = join(folder, 'tofu.rc');
  writeFileSync(
    path,
    `disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path    = "${mirror}"\n    include = ["*/*/*"]\n  }\n}\n`,
  );
  return path;
}
