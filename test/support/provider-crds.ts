/** CRDs of Cluster API's providers, out of the module zips that test/capi/provider-crds/go.mod pins. Nothing is built. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../src/kube/types.ts';

const run = promisify(execFile);

const PIN = join(import.meta.dirname, '../capi/provider-crds');

/** Folders with definitions, by module. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  'sigs.k8s.io/cluster-api': ['core/config/crd/bases', 'bootstrap/kubeadm/config/crd/bases', 'controlplane/kubeadm/config/crd/bases'],
  'sigs.k8s.io/cluster-api/test': ['infrastructure/docker/config/crd/bases'],
  'sigs.k8s.io/cluster-api-provider-openstack': ['config/crd/bases'],
  'sigs.k8s.io/cluster-api-provider-aws/v2': ['config/crd/bases'],
  'sigs.k8s.io/cluster-api-provider-vsphere': ['config/default/crd/bases'],
  'github.com/rancher/cluster-api-provider-rke2': ['bootstrap/config/crd/bases', 'controlplane/config/crd/bases'],
};

/** Why the modules cannot be had on this machine; undefined when they are there. */
export type Unavailable = { readonly reason: string };

export async function providerDefinitions(): Promise<readonly KubeObject[] | Unavailable> {
  const fetched = await fetchModules();
  if ('reason' in fetched) return fetched;
  const folders = Object.entries(FOLDERS).flatMap(([module, paths]) => paths.map((path) => join(fetched.dirs.get(module) ?? '', path)));
  return (await Promise.all(folders.map(readDefinitions))).flat();
}

async function fetchModules(): Promise<{ readonly dirs: ReadonlyMap<string, string> } | Unavailable> {
  const pinned = [...(await readFile(join(PIN, 'go.mod'), 'utf8')).matchAll(/^\t(\S+) (v\S+)$/gm)].map(
    ([, path, version]) => `${path}@${version}`,
  );
  try {
    // Named one by one: the graph of all that they need is never asked for. go.sum beside go.mod is what they are checked against.
    const { stdout } = await run('go', ['mod', 'download', '-json', ...pinned], {
      cwd: PIN,
      env: { ...process.env, GOFLAGS: '-mod=mod', GOWORK: 'off', GOTOOLCHAIN: 'local' },
      timeout: 300_000,
      maxBuffer: 1 << 24,
    });
    const modules = JSON.parse(`[${stdout.trim().replaceAll(/\}\s*\{/g, '},{')}]`) as { Path: string; Dir?: string }[];
    return { dirs: new Map(modules.map(({ Path, Dir }) => [Path, Dir ?? ''])) };
  } catch (error) {
    const text = String((error as { stdout?: string }).stdout ?? '') + String((error as { stderr?: string }).stderr ?? error);
    // A wrong checksum is no missing network.
    if (/checksum mismatch|SECURITY ERROR/.test(text)) throw error;
    return { reason: text.slice(0, 500) };
  }
}

async function readDefinitions(folder: string): Promise<readonly KubeObject[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).sort();
  const documents = await Promise.all(files.map(async (file) => parseAllDocuments(await readFile(join(folder, file), 'utf8'))));
  return documents.flat().map((document) => document.toJS() as KubeObject);
}
