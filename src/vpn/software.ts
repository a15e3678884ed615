/** What hosts run: read here, named by digest, brought into the store where it is not there yet. */
import { basename } from 'node:path';
import { sha256 } from '../core/digest.ts';
import { SlipwayError } from '../core/errors.ts';
import { type BinaryName } from '../toolchain/catalogue.ts';
import { provideBinaries, type ProvideOptions } from '../toolchain/provide.ts';
import type { Host } from '../host/host.ts';
import { FILES_PREFIX, fileKey } from './layout.ts';
import type { VpnStore } from './identity-store.ts';
import type { HostFile, HostSoftware } from './vpn.ts';

/** Architecture of hosts, as Go names it. */
export type HostArch = 'amd64' | 'arm64';

export interface ProvidedSoftware {
  readonly software: HostSoftware;
  /** Where each file is on this machine, by digest. */
  readonly files: Readonly<Record<string, string>>;
}

export interface SoftwareOptions extends ProvideOptions {
  readonly architectures: readonly HostArch[];
  /** Paths of packages, in the order in which they are installed. */
  readonly packages: readonly string[];
}

/** Builds the agent where no build is cached. @throws SLW-TCH-001 to -007, SLW-VPN-010 */
export async function provideSoftware(host: Host, { architectures, packages, ...options }: SoftwareOptions): Promise<ProvidedSoftware> {
  const names = architectures.map((arch): BinaryName => `vpn-agent-${arch}`);
  const binaries = await provideBinaries(host, names, options);
  const files: Record<string, string> = {};
  const read = async (path: string, name: string): Promise<HostFile> => {
    const bytes = await host.files.readBytes(path);
    if (!bytes) throw new SlipwayError('SLW-VPN-010', `the package ${path} for VPN hosts does not exist`);
    const digest = sha256(bytes);
    files[digest] = path;
    return { name, digest };
  };
  const agents = await Promise.all(
    binaries.map(async ({ name, path }) => [name.replace('vpn-agent-', ''), await read(path, name)] as const),
  );
  const packaged = await Promise.all(packages.map((path) => read(path, basename(path))));
  return { files, software: { agents: Object.fromEntries(agents), packages: packaged } };
}

/** Digests that the store does not have. Reads only. */
export async function missingFiles({ store, signal }: Omit<VpnStore, 'host'>, { software }: ProvidedSoftware): Promise<readonly string[]> {
  const held = new Set(await store.list(FILES_PREFIX, signal));
  return [...Object.values(software.agents), ...software.packages]
    .map(({ digest }) => digest)
    .filter((digest) => !held.has(fileKey(digest)));
}

/** Puts what is missing. @throws SLW-VPN-010 */
export async function uploadFiles(access: VpnStore, provided: ProvidedSoftware): Promise<void> {
  const { host, store, signal } = access;
  for (const digest of await missingFiles(access, provided)) {
    const bytes = await host.files.readBytes(provided.files[digest] ?? '');
    if (!bytes || sha256(bytes) !== digest)
      throw new SlipwayError('SLW-VPN-010', `${provided.files[digest] ?? digest} changed while it was read`);
    await store.put(fileKey(digest), bytes, { signal });
  }
}
