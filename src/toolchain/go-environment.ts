/** Go as a tool: what of the caller's environment reaches it, which version it is, and whether that suffices. */
import { SlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';

/** Where and how modules are fetched; also readable from the user's `go env -w` file. */
const FETCHING = ['GOPROXY', 'GOSUMDB', 'GOMODCACHE', 'GOCACHE', 'GOPRIVATE', 'GONOPROXY', 'GONOSUMDB', 'GOINSECURE', 'GOVCS', 'GOAUTH'];

const PASSED = [
  ...FETCHING,
  ...['PATH', 'HOME', 'TMPDIR', 'XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'GOPATH', 'GOROOT', 'NETRC', 'SSL_CERT_FILE', 'SSL_CERT_DIR'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
];

/** Environment of a go command: what it needs to fetch, and nothing else of the caller's that could enter the binaries. */
export function goEnvironment(host: Host): Readonly<Record<string, string>> {
  const passed = PASSED.flatMap((name) => {
    const value = host.env.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    HOME: host.env.home,
    ...Object.fromEntries(passed),
    GOTOOLCHAIN: 'local',
    GOFLAGS: '',
    GOWORK: 'off',
    GOEXPERIMENT: '',
    GOOS: host.env.platform,
    GOARCH: goArch(host),
    CGO_ENABLED: '0',
  };
}

/** For builds: the fetch settings of the `go env -w` file are kept, everything else in it is not. */
export async function buildEnvironment(host: Host, cwd: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
  const base = goEnvironment(host);
  const result = await host.processes.run('go', ['env', '-json', ...FETCHING], { cwd, env: base, timeoutMs: 30_000, signal });
  if (result.code !== 0) return { ...base, GOENV: 'off' };
  const settings = Object.entries(JSON.parse(result.stdout) as Record<string, string>).filter(([, value]) => value !== '');
  return { ...base, ...Object.fromEntries(settings), GOENV: 'off' };
}

export const goArch = (host: Host): string => (host.env.arch === 'x64' ? 'amd64' : 'arm64');

/** `go1.26.8`, or undefined when there is no usable go command. Asks in the module's folder. */
export async function findGoVersion(host: Host, dir: string, signal?: AbortSignal): Promise<string | undefined> {
  const go = await host.processes.which('go');
  if (go === undefined) return undefined;
  const result = await host.processes.run(go, ['env', 'GOVERSION'], { cwd: dir, env: goEnvironment(host), timeoutMs: 30_000, ...(signal && { signal }) });
  const version = result.stdout.trim();
  return result.code === 0 && /^go\d/.test(version) ? version : undefined;
}

const ELSEWHERE = 'or give --toolchain DIR with the binaries, or set SLIPWAY_CACHE to a filled cache (KUBEBUILDER_ASSETS serves for etcd and kube-apiserver)';

/** @throws SLW-TCH-001 no Go, SLW-TCH-002 older than the `go` directive */
export function requireGo(found: string | undefined, { needed, missing }: { needed: string; missing: readonly string[] }): asserts found is string {
  const what = missing.join(', ');
  if (found === undefined) {
    throw new SlipwayError('SLW-TCH-001', `${what} must be built from source, but there is no go command on PATH`, { fix: `install Go ${needed} or newer, ${ELSEWHERE}`, data: { needed, missing } });
  }
  if (compareGoVersions(found, `go${needed}`) >= 0) return;
  throw new SlipwayError('SLW-TCH-002', `${what} must be built from source with Go ${needed} or newer, but ${found} is installed`, { fix: `install Go ${needed} or newer, ${ELSEWHERE}`, data: { found, needed, missing } });
}

/** Numbers compare as numbers; a release candidate comes before its release. */
export function compareGoVersions(a: string, b: string): number {
  const [left, right] = [goNumbers(a), goNumbers(b)];
  for (let i = 0; i < 4; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function goNumbers(version: string): readonly number[] {
  const match = /^go(\d+)\.(\d+)(?:\.(\d+))?(?:(?:rc|beta)(\d+))?/.exec(version);
  if (!match) return [0, 0, 0, 0];
  const candidate = match[4] === undefined ? 1_000_000 : Number(match[4]);
  return [Number(match[1]), Number(match[2]), Number(match[3] ?? 0), candidate];
}
