/**
 * What a work folder is filled with: the module's files, the values of its variables, the backend, the encryption. All plain
 * files, so that a person may `cd` there and type `tofu plan`. Names of ours begin with `slipway`.
 */
import { dirname, join } from 'node:path';
import { digestOf, type Json, sha256 } from '../core/digest.ts';
import { SlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import { encryptionFile } from './encryption.ts';
import { privateDir } from './runner.ts';
import { MANIFEST_FILE, type TofuModule, VARIABLES_FILE, type Workspace } from './workspace.ts';

const BACKEND_FILE = 'slipway_backend.tf.json';
export const LOCK_FILE = '.terraform.lock.hcl';

/** Of a module's folder, what is not for the work folder: its tests and examples, what a tofu run there by hand has left. */
const LEFT_OUT = /^(?:\.terraform|\.slipway|tests|examples|README\.md|\.git.*|.*\.tfstate.*|.*\.tfplan|errored\.tfstate|crash.*\.log)$/;

interface Manifest {
  /** Files of the module, relative. */
  readonly files: readonly string[];
  /** Of all that `init` depends on. */
  readonly digest: string;
}

/**
 * Fills the folder; what is there already is not written again. Gives the digest of what `init` depends on. Call it only while
 * no tofu runs in the folder.
 * @throws SLW-TOF-023 when the module's folder holds none
 */
export async function writeModule(host: Host, workspace: Workspace, module: TofuModule): Promise<string> {
  const { dir } = workspace;
  await host.files.mkdir(privateDir(dir));
  const before = await readManifest(host, dir);
  const files = module.isFrozen === true && before ? await readFiles(host, dir, before.files) : await readModule(host, module.source);
  const own = await ownFiles(host, workspace, module);
  await fill(host, dir, new Map<string, string | Uint8Array>([...files, ...own]));
  for (const name of before?.files ?? []) if (!files.has(name) && !own.has(name)) await host.files.remove(join(dir, name));
  const digest = digestOf({ files: [...files].map(([name, content]) => [name, sha256(content)]), backend: backendBlock(module) });
  await writeChanged(host, join(dir, MANIFEST_FILE), text({ files: [...files.keys()], digest }));
  return digest;
}

/** The lock file that `init` wrote here is newer than the module's. */
async function fill(host: Host, dir: string, files: ReadonlyMap<string, string | Uint8Array>): Promise<void> {
  const isLocked = (await host.files.stat(join(dir, LOCK_FILE))) !== undefined;
  for (const [name, content] of files) if (name !== LOCK_FILE || !isLocked) await writeChanged(host, join(dir, name), content);
}

async function readModule(host: Host, source: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = await readTree(host, source);
  if ([...files.keys()].some((name) => /\.(?:tf|tofu)(?:\.json)?$/.test(name))) return files;
  throw new SlipwayError('SLW-TOF-023', `there is no module in ${source}`, { data: { source } });
}

async function ownFiles(host: Host, workspace: Workspace, module: TofuModule): Promise<ReadonlyMap<string, string>> {
  const encryption = await encryptionFile(host, workspace, module);
  return new Map([
    [BACKEND_FILE, text(backendBlock(module))],
    [VARIABLES_FILE, text(definedOnly(module.variables))],
    ...(encryption ? [[encryption.name, encryption.text] as const] : []),
  ]);
}

/** What an attribute block of the backend says; a local state stays in the folder under tofu's own name. */
function backendBlock({ backend }: TofuModule): Json {
  return { terraform: { backend: { [backend.type]: backend.type === 'local' ? {} : (backend.config ?? {}) } } };
}

function definedOnly(variables: Readonly<Record<string, Json | undefined>>): Json {
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined));
}

const text = (value: Json): string => `${JSON.stringify(value, null, 2)}\n`;

async function readManifest(host: Host, dir: string): Promise<Manifest | undefined> {
  const content = await host.files.readText(join(dir, MANIFEST_FILE));
  if (content === undefined) return undefined;
  try {
    return JSON.parse(content) as Manifest;
  } catch {
    return undefined;
  }
}

async function writeChanged(host: Host, path: string, content: string | Uint8Array): Promise<void> {
  const before = await host.files.readBytes(path);
  if (before && Buffer.from(content).equals(before)) return;
  await host.files.mkdir(dirname(path));
  await host.files.writeAtomic(path, content, { mode: 0o600 });
}

async function readFiles(host: Host, root: string, names: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
  const contents = await Promise.all(names.map(async (name) => [name, await host.files.readBytes(join(root, name))] as const));
  return new Map(contents.flatMap(([name, content]) => (content === undefined ? [] : [[name, content] as const])));
}

/** Content by relative path, in byte order. Does not follow links. */
async function readTree(host: Host, root: string, below = ''): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (const name of await host.files.list(join(root, below))) {
    if (LEFT_OUT.test(name) && name !== LOCK_FILE) continue;
    const relative = join(below, name);
    const kind = (await host.files.stat(join(root, relative)))?.kind;
    if (kind === 'dir') for (const [path, content] of await readTree(host, root, relative)) found.set(path, content);
    const content = kind === 'file' ? await host.files.readBytes(join(root, relative)) : undefined;
    if (content) found.set(relative, content);
  }
  return found;
}
