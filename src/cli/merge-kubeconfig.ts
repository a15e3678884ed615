/** Adds one cluster, user and context to the user's kubeconfig; comments, other entries and the current context stay. */
import { delimiter, join } from 'node:path';
import { isMap, isSeq, parseDocument, YAMLSeq, type Document } from 'yaml';
import { SlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';

const LISTS = ['clusters', 'users', 'contexts'] as const;

/** The file is the first of KUBECONFIG, else ~/.kube/config; it is written atomically, 0600. */
export async function mergeKubeconfig(host: Host, kubeconfig: string): Promise<{ readonly file: string; readonly context: string }> {
  const file = targetFile(host);
  const target = readDocument((await host.files.readText(file)) ?? 'apiVersion: v1\nkind: Config\n', file);
  const source = parseDocument(kubeconfig);
  for (const list of LISTS) mergeList(target, source, { list, file });
  const context = String(source.getIn(['contexts', 0, 'name']));
  await host.files.mkdir(join(file, '..'));
  await host.files.writeAtomic(file, target.toString(), { mode: 0o600 });
  return { file, context };
}

function targetFile(host: Host): string {
  const first = host.env
    .get('KUBECONFIG')
    ?.split(delimiter)
    .find((part) => part !== '');
  return first ?? join(host.env.home, '.kube', 'config');
}

function readDocument(text: string, file: string): Document {
  const document = parseDocument(text);
  if (document.errors.length > 0 || (document.contents !== null && !isMap(document.contents))) {
    throw new SlipwayError('SLW-CLI-007', `${file} is no kubeconfig that can be read`, { at: { file, line: 1, col: 1 } });
  }
  return document;
}

interface MergeTarget {
  readonly list: string;
  readonly file: string;
}

function mergeList(target: Document, source: Document, { list, file }: MergeTarget): void {
  const known = target.get(list) ?? new YAMLSeq();
  if (!isSeq(known)) throw new SlipwayError('SLW-CLI-007', `${list} in ${file} is no list`, { at: { file, line: 1, col: 1 } });
  const added = source.get(list);
  if (!isSeq(added)) return;
  const names = new Set(added.items.map(nameOf));
  known.items = [...known.items.filter((item) => !names.has(nameOf(item))), ...added.items];
  target.set(list, known);
}

function nameOf(item: unknown): unknown {
  return isMap(item) ? item.get('name') : undefined;
}
