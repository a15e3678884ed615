/**
 * Reads a kubeconfig text and chooses a context. Pure: files named in it are read later, by credentials.ts.
 * Source: k8s.io/client-go/tools/clientcmd/api/v1, types.go. What is not read here is marked `foreign` and left to
 * @kubernetes/client-node (foreign.ts).
 */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import { SlipwayError, type SourcePosition } from '../core/errors.ts';

/** PEM text given inline, or the path of a file that holds it, as written. */
export type PemSource = { readonly pem: string } | { readonly file: string };

export interface ExecConfig {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly interactiveMode: string;
  readonly provideClusterInfo: boolean;
  readonly installHint?: string;
}

export interface UserEntry {
  readonly certificate?: PemSource;
  readonly key?: PemSource;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly exec?: ExecConfig;
  readonly impersonate?: { readonly user?: string; readonly uid?: string; readonly groups: readonly string[] };
  /** Name of the first field that only @kubernetes/client-node understands. */
  readonly foreign?: string;
}

export interface ClusterEntry {
  readonly server: URL;
  readonly ca?: PemSource;
  readonly insecure: boolean;
  readonly tlsServerName?: string;
  readonly proxy?: URL;
}

export interface ChosenContext {
  readonly context: string;
  readonly namespace?: string;
  readonly cluster: ClusterEntry;
  readonly user: UserEntry;
}

export interface KubeconfigOptions {
  /** Default: current-context. */
  readonly context?: string;
  /** Where the text came from; for positions in errors. Default `kubeconfig`. */
  readonly file?: string;
}

const USER_FIELDS = new Set([
  'client-certificate',
  'client-certificate-data',
  'client-key',
  'client-key-data',
  'token',
  'tokenFile',
  'exec',
  'as',
  'as-uid',
  'as-groups',
  'extensions',
]);

/** @throws SLW-KUB-020 unreadable, SLW-KUB-021 context, cluster or user missing; with the position in the file. */
export function readKubeconfig(text: string, options: KubeconfigOptions = {}): ChosenContext {
  const reader = new Reader(text, options.file ?? 'kubeconfig');
  const root = reader.root();
  const name = options.context ?? reader.text(root, 'current-context');
  if (name === undefined || name === '')
    throw reader.missing(`kubeconfig has no current-context; its contexts are ${reader.names(root, 'contexts')}`, root);
  const context = reader.entry(root, { list: 'contexts', field: 'context', name });
  const clusterName = reader.required(context, 'cluster');
  const cluster = readCluster(reader, reader.entry(root, { list: 'clusters', field: 'cluster', name: clusterName }));
  const userName = reader.text(context, 'user');
  const user =
    userName === undefined || userName === '' ? {} : readUser(reader, reader.entry(root, { list: 'users', field: 'user', name: userName }));
  const namespace = reader.text(context, 'namespace');
  return { context: name, cluster, user, ...(namespace !== undefined && { namespace }) };
}

function readCluster(reader: Reader, map: YAMLMap): ClusterEntry {
  const ca = reader.pem(map, 'certificate-authority');
  const tlsServerName = reader.text(map, 'tls-server-name');
  const proxy = reader.url(map, 'proxy-url', ['http:', 'https:', 'socks5:', 'socks5h:', 'socks4:', 'socks:']);
  const server = reader.url(map, 'server', ['http:', 'https:']);
  if (!server) throw reader.broken('kubeconfig cluster has no server', map);
  return {
    server,
    insecure: reader.flag(map, 'insecure-skip-tls-verify'),
    ...(ca && { ca }),
    ...(tlsServerName && { tlsServerName }),
    ...(proxy && { proxy }),
  };
}

function readUser(reader: Reader, map: YAMLMap): UserEntry {
  const certificate = reader.pem(map, 'client-certificate');
  const key = reader.pem(map, 'client-key');
  const token = reader.text(map, 'token');
  const tokenFile = reader.text(map, 'tokenFile');
  const exec = reader.map(map, 'exec');
  const impersonate = readImpersonation(reader, map);
  const foreign = reader.keys(map).find((field) => !USER_FIELDS.has(field));
  return {
    ...(certificate && { certificate }),
    ...(key && { key }),
    ...(token && { token }),
    ...(tokenFile && { tokenFile }),
    ...(exec && { exec: readExec(reader, exec) }),
    ...(impersonate && { impersonate }),
    ...(foreign !== undefined && { foreign }),
  };
}

function readImpersonation(reader: Reader, map: YAMLMap): UserEntry['impersonate'] {
  const user = reader.text(map, 'as');
  const uid = reader.text(map, 'as-uid');
  const groups = reader.texts(map, 'as-groups');
  if (user === undefined && uid === undefined && groups.length === 0) return undefined;
  return { groups, ...(user !== undefined && { user }), ...(uid !== undefined && { uid }) };
}

function readExec(reader: Reader, map: YAMLMap): ExecConfig {
  const installHint = reader.text(map, 'installHint');
  const env = reader.maps(map, 'env').map((pair) => [reader.required(pair, 'name'), reader.text(pair, 'value') ?? ''] as const);
  return {
    apiVersion: reader.text(map, 'apiVersion') ?? 'client.authentication.k8s.io/v1',
    command: reader.required(map, 'command'),
    args: reader.texts(map, 'args'),
    env: Object.fromEntries(env),
    interactiveMode: reader.text(map, 'interactiveMode') ?? 'IfAvailable',
    provideClusterInfo: reader.flag(map, 'provideClusterInfo'),
    ...(installHint !== undefined && { installHint }),
  };
}

/** Typed look-ups in a YAML tree; every complaint carries its position and never a value that may be secret. */
class Reader {
  readonly #lines = new LineCounter();
  readonly #file: string;
  readonly #contents: Node | null;

  constructor(text: string, file: string) {
    this.#file = file;
    const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    const problem = document.errors[0];
    if (problem)
      throw new SlipwayError('SLW-KUB-020', `kubeconfig is not YAML: ${problem.code.toLowerCase().replaceAll('_', ' ')}`, {
        at: this.#at(problem.pos[0]),
      });
    this.#contents = document.contents;
  }

  root(): YAMLMap {
    if (this.#contents === null) throw new SlipwayError('SLW-KUB-020', 'kubeconfig is empty', { at: this.#at(0) });
    if (!isMap(this.#contents)) throw this.broken('kubeconfig is not a mapping', this.#contents);
    return this.#contents;
  }

  keys(map: YAMLMap): readonly string[] {
    return map.items.map((pair) => (isScalar(pair.key) ? String(pair.key.value) : '?'));
  }

  /** Undefined when absent or null. */
  text(map: YAMLMap, field: string): string | undefined {
    const node = map.get(field, true) as Node | undefined;
    if (node === undefined || (isScalar(node) && node.value === null)) return undefined;
    if (isScalar(node) && typeof node.value === 'string') return node.value;
    if (isScalar(node) && typeof node.value === 'number') return node.source ?? String(node.value);
    throw this.broken(`kubeconfig field ${field} is not a text`, node);
  }

  required(map: YAMLMap, field: string): string {
    const value = this.text(map, field);
    if (value === undefined || value === '') throw this.broken(`kubeconfig field ${field} is missing`, map);
    return value;
  }

  flag(map: YAMLMap, field: string): boolean {
    const node = map.get(field, true) as Node | undefined;
    if (node === undefined) return false;
    if (isScalar(node) && typeof node.value === 'boolean') return node.value;
    throw this.broken(`kubeconfig field ${field} is not true or false`, node);
  }

  texts(map: YAMLMap, field: string): readonly string[] {
    const node = map.get(field, true) as Node | undefined;
    if (node === undefined || (isScalar(node) && node.value === null)) return [];
    if (isSeq(node) && node.items.every((item) => isScalar(item)))
      return node.items.map((item) => String((item as { value: unknown }).value));
    throw this.broken(`kubeconfig field ${field} is not a list of texts`, node);
  }

  map(map: YAMLMap, field: string): YAMLMap | undefined {
    const node = map.get(field, true) as Node | undefined;
    if (node === undefined || (isScalar(node) && node.value === null)) return undefined;
    if (isMap(node)) return node;
    throw this.broken(`kubeconfig field ${field} is not a mapping`, node);
  }

  maps(map: YAMLMap, field: string): readonly YAMLMap[] {
    const node = map.get(field, true) as Node | undefined;
    if (node === undefined || (isScalar(node) && node.value === null)) return [];
    if (isSeq(node) && node.items.every((item) => isMap(item))) return node.items as YAMLMap[];
    throw this.broken(`kubeconfig field ${field} is not a list of mappings`, node);
  }

  /** `FIELD-data` (base64) wins over `FIELD` (a path), as in client-go. */
  pem(map: YAMLMap, field: string): PemSource | undefined {
    const data = this.text(map, `${field}-data`);
    if (data) return { pem: this.#decode(map, `${field}-data`, data) };
    const file = this.text(map, field);
    return file ? { file } : undefined;
  }

  url(map: YAMLMap, field: string, protocols: readonly string[]): URL | undefined {
    const text = this.text(map, field);
    if (text === undefined || text === '') return undefined;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url && protocols.includes(url.protocol)) return url;
    throw this.broken(
      `kubeconfig field ${field} is not a URL with ${protocols.map((protocol) => `${protocol}//`).join(', ')}`,
      (map.get(field, true) as Node | undefined) ?? map,
    );
  }

  entry(root: YAMLMap, wanted: { readonly list: string; readonly field: string; readonly name: string }): YAMLMap {
    const { list, field, name } = wanted;
    const found = this.maps(root, list).find((item) => this.text(item, 'name') === name);
    if (!found)
      throw this.missing(
        `kubeconfig has no ${field} ${JSON.stringify(name)}; it has ${this.names(root, list)}`,
        (root.get(list, true) as Node | undefined) ?? root,
      );
    const body = this.map(found, field);
    if (!body) throw this.broken(`kubeconfig ${field} ${JSON.stringify(name)} is empty`, found);
    return body;
  }

  names(root: YAMLMap, list: string): string {
    const names = this.maps(root, list).map((item) => this.text(item, 'name') ?? '?');
    return names.length === 0 ? 'none' : names.join(', ');
  }

  broken(message: string, node: Node): SlipwayError {
    return new SlipwayError('SLW-KUB-020', message, { at: this.#at(node.range?.[0] ?? 0) });
  }

  missing(message: string, node: Node): SlipwayError {
    return new SlipwayError('SLW-KUB-021', message, { at: this.#at(node.range?.[0] ?? 0) });
  }

  #decode(map: YAMLMap, field: string, data: string): string {
    const compact = data.replaceAll(/\s/g, '');
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact))
      throw this.broken(`kubeconfig field ${field} is not base64`, map.get(field, true) as unknown as Node);
    return Buffer.from(compact, 'base64').toString('utf8');
  }

  #at(offset: number): SourcePosition {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.#file, line: Math.max(1, line), col: Math.max(1, col) };
  }
}
