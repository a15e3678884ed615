/** The house as data: which folder of src/ stands on which level. Imports point down only, and never to a sibling. */

/** From the bottom up; folders in one row are siblings. */
export const LAYERS: readonly (readonly string[])[] = [
  ['core'],
  ['engine', 'config'],
  ['kube', 'git', 'pki', 'toolchain'],
  ['control-plane'],
  ['flux', 'capi', 'tofu', 'vpn', 'ansible', 'aws'],
  ['cloud'],
  ['provisioners', 'networks'],
  ['fleet'],
  ['project'],
  ['cli'],
];

/** May be imported everywhere: interfaces, no behaviour. */
export const EVERYWHERE: readonly string[] = ['src/host/host.ts'];

/** May build the real host; everybody else gets one as a parameter. memory-host is for tests: a host of files in memory. */
export const HOST_BUILDERS: readonly RegExp[] = [
  /^src\/cli\/main\.ts$/,
  /^src\/index\.ts$/,
  /\.test\.ts$/,
  /^src\/host\//,
  /^src\/config\/memory-host\.ts$/,
];

/** Resident helpers and other programs of their own: each is a main and builds its own host. */
export const LEVELLESS: readonly string[] = ['src/index.ts'];

export function levelOf(folder: string): number {
  return LAYERS.findIndex((row) => row.includes(folder));
}
