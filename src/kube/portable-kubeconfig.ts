/**
 * One context of a kubeconfig as a text that works anywhere on this machine: certificates it names are put inside, other contexts are left
 * out, paths of token files and plugins become absolute. Holds secrets: for the eyes that asked for it only.
 */
import { dirname, isAbsolute, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parse, stringify } from 'yaml';
import { SlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import { readKubeconfig } from './kubeconfig.ts';

type Fields = Readonly<Record<string, unknown>>;
interface Named {
  readonly name: string;
  readonly [field: string]: unknown;
}

export interface PortableOptions {
  /** File the text came from; relative paths in it start there. */
  readonly path?: string;
  /** Default: current-context. */
  readonly context?: string;
}

/** The very text when it is portable already. @throws SLW-KUB-020, SLW-KUB-021, SLW-KUB-023 when a file it names is missing */
export async function portableKubeconfig(host: Host, text: string, options: PortableOptions): Promise<string> {
  const { path, context } = options;
  const chosen = readKubeconfig(text, { ...(path !== undefined && { file: path }), ...(context !== undefined && { context }) });
  const source = parse(text) as Fields;
  const entry = pick(source, 'contexts', chosen.context);
  const { cluster, user } = entry['context'] as { readonly cluster: string; readonly user?: string };
  const folder = path === undefined ? host.env.cwd : dirname(path);
  const clusterEntry = pick(source, 'clusters', cluster);
  const userEntry = user === undefined || user === '' ? undefined : pick(source, 'users', user);
  const portable = {
    ...source,
    'current-context': chosen.context,
    contexts: [entry],
    clusters: [
      { ...clusterEntry, cluster: await inline(host, clusterEntry['cluster'] as Fields, { folder, fields: ['certificate-authority'] }) },
    ],
    users: userEntry
      ? [
          {
            ...userEntry,
            user: absolute(
              await inline(host, userEntry['user'] as Fields, { folder, fields: ['client-certificate', 'client-key'] }),
              folder,
            ),
          },
        ]
      : [],
  };
  return isDeepStrictEqual(source, portable) ? text : stringify(portable, { lineWidth: 0 });
}

function pick(source: Fields, list: string, name: string): Named {
  const found = ((source[list] ?? []) as readonly Named[]).find((item) => item.name === name);
  if (!found) throw new SlipwayError('SLW-KUB-021', `kubeconfig has no ${name} in ${list}`);
  return found;
}

/** `field` becomes `field-data`; data that is there already wins, as in client-go. */
async function inline(
  host: Host,
  entry: Fields,
  { folder, fields }: { readonly folder: string; readonly fields: readonly string[] },
): Promise<Fields> {
  const result: Record<string, unknown> = { ...entry };
  for (const field of fields) {
    const file = entry[field];
    if (typeof file !== 'string' || file === '') continue;
    delete result[field];
    result[`${field}-data`] ??= Buffer.from(await readNamed(host, isAbsolute(file) ? file : join(folder, file))).toString('base64');
  }
  return result;
}

async function readNamed(host: Host, file: string): Promise<string> {
  const text = await host.files.readText(file);
  if (text === undefined) throw new SlipwayError('SLW-KUB-023', `file ${file}, which the kubeconfig names, does not exist`);
  return text;
}

/** A token file is renewed by somebody and a plugin is a program: both stay where they are. */
function absolute(user: Fields, folder: string): Fields {
  const { tokenFile, exec } = user as { readonly tokenFile?: unknown; readonly exec?: { readonly command?: unknown } };
  const isRelative = (path: unknown): path is string => typeof path === 'string' && !isAbsolute(path) && path !== '';
  const command = exec?.command;
  return {
    ...user,
    ...(isRelative(tokenFile) && { tokenFile: join(folder, tokenFile) }),
    ...(isRelative(command) && command.includes('/') && { exec: { ...exec, command: join(folder, command) } }),
  };
}
