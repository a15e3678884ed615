/** The step that keeps paths of the project fetchable: folders are snapshotted, and one read-only server runs for the cluster. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ResolvedRepository } from '../config/resolved-gitops.ts';
import { ensureProcess, observeProcess, type ProcessSpec, type ProcessState, specDigest } from '../control-plane/processes.ts';
import { httpProbe } from '../control-plane/readiness-probe.ts';
import { isSlipwayError, SlipwayError } from '../core/errors.ts';
import {
  type ApplyContext,
  type Change,
  type ChangeDetail,
  defineStep,
  type Outputs,
  type Step,
  type StepContext,
} from '../engine/step.ts';
import { resolveRef, existsAt, inspectPath, type RefChoice, shownRefs } from '../git/repository.ts';
import { type GitServerConfig, peekServerConfig, type ServedRepository, writeServerConfig } from '../git/server-config.ts';
import { observeShadow, snapshot } from '../git/shadow.ts';
import type { Host } from '../host/host.ts';
import { type FluxStepsOptions, fluxStepIds, STOP_SERVER } from './step-options.ts';

const COMPONENT = 'git-server';
const PORT_ATTEMPTS = 3;

/** A repository of the project that is a path. */
export interface PathRepository {
  readonly name: string;
  readonly path: string;
  readonly ref: RefChoice;
  readonly spec: ResolvedRepository;
}

interface ServedPath {
  readonly name: string;
  readonly path: string;
  readonly served: ServedRepository;
  /** Of a folder: how its snapshot stands. */
  readonly folder?: {
    readonly head: string | undefined;
    readonly commit: string;
    readonly branch: string;
    readonly warnings: readonly string[];
  };
}

interface Observed {
  readonly paths: readonly ServedPath[];
  readonly config: GitServerConfig | undefined;
  readonly process: ProcessState | undefined;
  readonly wantedDigest: string | undefined;
}

export function pathRepositories(options: Pick<FluxStepsOptions, 'gitops'>): readonly PathRepository[] {
  return options.gitops.repositories.flatMap((spec) => {
    const { source } = spec;
    return source.type === 'git' && source.address.kind === 'path'
      ? [{ name: spec.name, path: source.address.path, ref: source.ref, spec }]
      : [];
  });
}

export const serverConfigFile = (gitDir: string): string => join(gitDir, 'server.json');

export function serveRepositoriesStep(options: FluxStepsOptions): Step {
  return defineStep<Observed>({
    id: fluxStepIds(options.clusterName).serve,
    title: `serve the repositories of ${options.clusterName} on loopback`,
    subject: options.subject,
    needs: options.needs,
    observe: (context) => observe(context, options),
    change: serveChange,
    intent: async (observed, _change, { host, record }) => {
      const port = observed.config?.port ?? rememberedPort(record?.intent.choices) ?? (await host.net.freePort());
      return {
        choices: { port },
        undo: {
          handler: STOP_SERVER,
          title: `stop the Git server of ${options.clusterName}`,
          data: { registerId: (await options.registerId(host)) ?? null, gitDir: options.gitDir },
        },
      };
    },
    apply: (context) => apply(context, options),
    verify: (context) => report(context, options),
  });
}

async function observe({ host, signal }: StepContext, options: FluxStepsOptions): Promise<Observed> {
  const paths = await Promise.all(pathRepositories(options).map((repository) => observePath(host, repository, { options, signal })));
  const config = await peekServerConfig(host, serverConfigFile(options.gitDir));
  const registerId = await options.registerId(host);
  const process = registerId === undefined ? undefined : await observeProcess(host, { clusterId: registerId, component: COMPONENT });
  const wantedDigest = config && specDigest(await serverSpec(host, options, config.port));
  return { paths, config, process, wantedDigest };
}

async function observePath(
  host: Host,
  repository: PathRepository,
  { options, signal }: { options: FluxStepsOptions; signal: AbortSignal },
): Promise<ServedPath> {
  const { name, ref } = repository;
  const found = await inspectPath(host, repository.path);
  if (found.kind === 'repository') {
    const head = await resolveRef(host, { ...found, signal }, ref);
    await requirePaths(repository, (path) => existsAt(host, { gitDir: found.gitDir, commit: head }, path));
    return { name, path: found.path, served: { name, gitDir: found.gitDir, refs: shownRefs(ref) } };
  }
  if (!('branch' in ref))
    throw new SlipwayError('SLW-GIT-003', `${repository.path} is a folder and no repository: it has no ${Object.keys(ref).join()}`, {
      at: repository.spec.at,
    });
  const { head, commit, paths, warnings } = await observeShadow(
    host,
    shadowOptions(repository.name, { folder: found.path, branch: ref.branch, options, signal }),
  );
  await requirePaths(repository, (path) => Promise.resolve(holdsFolder(paths, path)));
  return {
    name,
    path: found.path,
    served: { name, gitDir: shadowDir(options, name), refs: shownRefs(ref) },
    folder: { head, commit, branch: ref.branch, warnings },
  };
}

/** A Kustomization whose path is missing is said before anything is touched. */
async function requirePaths({ spec, path: root }: PathRepository, exists: (path: string) => Promise<boolean>): Promise<void> {
  for (const { name, path, at } of spec.kustomizations) {
    if (await exists(path)) continue;
    throw new SlipwayError('SLW-FLX-008', `Kustomization ${name} has path ${path}, which ${root} does not hold`, {
      at,
      object: `Kustomization/flux-system/${name}`,
    });
  }
}

function holdsFolder(paths: readonly string[], wanted: string): boolean {
  const clean = wanted
    .replace(/^\.?\/+/, '')
    .replace(/^\.$/, '')
    .replace(/\/+$/, '');
  return clean === '' || paths.some((path) => path.startsWith(`${clean}/`));
}

function shadowDir(options: FluxStepsOptions, name: string): string {
  return join(options.gitDir, `${name}.git`);
}

function shadowOptions(
  name: string,
  about: { folder: string; branch: string; options: FluxStepsOptions; signal: AbortSignal },
): Parameters<typeof snapshot>[1] {
  const { folder, branch, options, signal } = about;
  return { folder, branch, gitDir: shadowDir(options, name), exclude: [...(options.exclude ?? []), options.gitDir], signal };
}

function serveChange({ paths, config, process, wantedDigest }: Observed): Change {
  const snapshots = paths.flatMap(({ name, folder }) =>
    folder && folder.head !== folder.commit ? [snapshotDetail(name, folder.head)] : [],
  );
  const details = [...snapshots, ...serverDetails({ paths, config, process, wantedDigest })];
  if (details.length === 0) return { kind: 'none', summary: `${paths.length === 1 ? 'repository is' : 'repositories are'} served` };
  const kind = process === undefined || process.state === 'absent' ? 'create' : 'update';
  return { kind, summary: details.map(({ object, kind: what }) => `${what} ${object}`).join(', '), details };
}

function serverDetails({ paths, config, process, wantedDigest }: Observed): readonly ChangeDetail[] {
  if (process === undefined || process.state === 'absent') return [{ object: COMPONENT, kind: 'create', reason: 'process is not there' }];
  const update = (reason: string): ChangeDetail => ({ object: COMPONENT, kind: 'update', reason });
  if (process.state === 'dead') return [update('process is not running')];
  const isOther = process.entry?.specDigest !== wantedDigest;
  return [...(isOther ? [update('command changed')] : []), ...(servesAll(config, paths) ? [] : [update('repositories changed')])];
}

function snapshotDetail(name: string, head: string | undefined): ChangeDetail {
  return {
    object: `snapshot of ${name}`,
    kind: head === undefined ? 'create' : 'update',
    reason: head === undefined ? 'there is none' : 'the folder changed',
  };
}

function servesAll(config: GitServerConfig | undefined, paths: readonly ServedPath[]): boolean {
  return config !== undefined && JSON.stringify(config.repositories) === JSON.stringify(paths.map(({ served }) => served));
}

async function apply(context: ApplyContext<Observed>, options: FluxStepsOptions): Promise<Outputs> {
  const { host, observed, signal } = context;
  await host.files.mkdir(options.gitDir, 0o700);
  for (const { name, path, folder } of observed.paths) {
    if (folder) await snapshot(host, shadowOptions(name, { folder: path, branch: folder.branch, options, signal }));
  }
  const port = await serveOnFreePort(context, options);
  return { port, commits: Object.fromEntries(observed.paths.flatMap(({ name, folder }) => (folder ? [[name, folder.commit]] : []))) };
}

/** Keeps port and token of before; takes another port when somebody else has taken it meanwhile. */
async function serveOnFreePort(context: ApplyContext<Observed>, options: FluxStepsOptions): Promise<number> {
  const { host, observed } = context;
  const file = serverConfigFile(options.gitDir);
  const before = await peekServerConfig(host, file);
  const token = before?.token ?? Buffer.from(host.random.bytes(32)).toString('base64url');
  options.redactor.add(token);
  let port = before?.port ?? rememberedPort(context.intent.choices) ?? (await host.net.freePort());
  for (let attempt = 1; ; attempt++) {
    await writeServerConfig(host, file, { format: 1, port, token, repositories: observed.paths.map(({ served }) => served) });
    const isTaken = await startServer(context, options, port).then(
      () => false,
      (error: unknown) => (isPortTaken(error) && attempt < PORT_ATTEMPTS) || Promise.reject(error),
    );
    if (!isTaken) return port;
    port = await host.net.freePort(new Set([port]));
  }
}

function isPortTaken(error: unknown): boolean {
  return isSlipwayError(error) && error.code === 'SLW-LOC-002';
}

async function startServer(context: ApplyContext<Observed>, options: FluxStepsOptions, port: number): Promise<void> {
  const { host, signal, timeoutMs } = context;
  const registerId = await options.registerId(host);
  if (registerId === undefined) throw new SlipwayError('SLW-LOC-008', `the cluster ${options.clusterName} has no identity yet`);
  await ensureProcess(host, await serverSpec(host, options, port), {
    clusterId: registerId,
    signal,
    timeoutMs,
    ready: httpProbe(port, '/healthz'),
    onWaiting: (message) => context.report({ type: 'progress', message }),
  });
}

/** The token is in the file alone; the environment is small and does not follow the caller's, so that no restart is due. */
async function serverSpec(host: Host, options: FluxStepsOptions, port: number): Promise<ProcessSpec> {
  const main = join(dirname(fileURLToPath(import.meta.url)), '..', 'cli', 'main.ts');
  const { command, args } = options.serveCommand ?? { command: host.env.nodePath, args: [main] };
  const git = await host.processes.which('git');
  if (git === undefined) throw new SlipwayError('SLW-GIT-005', 'command git is not found');
  const registerId = await options.registerId(host);
  return {
    component: COMPONENT,
    command,
    args: [
      ...args,
      'serve',
      'git',
      '--config',
      serverConfigFile(options.gitDir),
      ...(options.logDirs ?? []).flatMap((dir) => ['--rotate', dir]),
    ],
    cwd: options.gitDir,
    env: { PATH: [...new Set([dirname(git), '/usr/local/bin', '/usr/bin', '/bin'])].join(':'), HOME: host.env.home },
    logFile: join(options.gitDir, 'logs', 'git-server.log'),
    clusterDir: options.gitDir,
    ports: { http: port },
    inputs: { registerId: registerId ?? null, port },
    labels: { cluster: options.clusterName },
  };
}

/** Findings about folders are said on every run, also when nothing changed. */
async function report(context: StepContext, options: FluxStepsOptions): Promise<void> {
  const { paths } = await observe(context, options);
  for (const { folder } of paths)
    for (const message of folder?.warnings ?? []) context.report({ type: 'finding', level: 'warning', message });
}

function rememberedPort(choices: Outputs | undefined): number | undefined {
  return typeof choices?.['port'] === 'number' ? choices['port'] : undefined;
}

/** Commit at the head of a served path, read anew. */
export async function servedHead(
  { host, signal }: { readonly host: Host; readonly signal: AbortSignal },
  options: FluxStepsOptions,
  repository: PathRepository,
): Promise<string> {
  const found = await inspectPath(host, repository.path);
  const gitDir = found.kind === 'repository' ? found.gitDir : shadowDir(options, repository.name);
  return await resolveRef(host, { path: repository.path, gitDir, signal }, repository.ref);
}
