/** One local cluster that follows one repository, written as slipway.yaml; the CLI is run on it as a user would. */
import { expect } from 'vitest';
import { createNodeHost } from '../../src/host/node.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import { valueOf } from './existing-cluster.ts';
import { createSandbox, type Sandbox, type SlipwayResult, succeed } from './slipway.ts';

export interface SourceProject {
  readonly sandbox: Sandbox;
  /** `source` is what stands below the repository, as YAML in one line: `git: {url: …}`; `unit` is added to its Kustomization. */
  follow(source: string, unit?: string): void;
  up(env?: Readonly<Record<string, string>>): Promise<SlipwayResult>;
  plan(env?: Readonly<Record<string, string>>): Promise<SlipwayResult>;
  /** Runs `up` and expects this exit code and these words on stderr. */
  upFails(exit: number, words: RegExp, env?: Readonly<Record<string, string>>): Promise<SlipwayResult>;
  /** `data.value` of ConfigMap default/web. */
  value(): Promise<string | undefined>;
  /** Resolves when ConfigMap default/web has that value. */
  untilValue(value: string): Promise<void>;
  client(): Promise<KubeClient>;
  /** Everything the CLI printed so far. */
  printed(): string;
  remove(): Promise<void>;
}

export function createSourceProject(): SourceProject {
  const sandbox = createSandbox();
  const printed: string[] = [];
  let client: KubeClient | undefined;
  const run = async (args: readonly string[], env?: Readonly<Record<string, string>>): Promise<SlipwayResult> => {
    const result = await sandbox.run(args, env ? { env } : {});
    printed.push(result.stdout, result.stderr);
    return result;
  };
  const connect = async (): Promise<KubeClient> =>
    (client ??= await createKubeClient(createNodeHost(), { kubeconfig: (await succeed(sandbox, ['kubeconfig'])).stdout }));
  return {
    sandbox,
    follow: (source, unit = '') =>
      sandbox.put({
        'slipway.yaml': `apiVersion: slipway.dev/v1alpha1\nkind: Cluster\nmetadata: {name: demo}\nspec:\n  provisioner: local\n  gitops:\n    repositories:\n      fleet:\n        ${source}\n        kustomizations: {app: {path: ./app, timeout: 10s, retryInterval: 5s${unit}}}\n`,
      }),
    up: (env) => run(['up', '--yes', '--timeout', '40s'], env),
    plan: (env) => run(['plan', '--detailed-exitcode'], env),
    upFails: async (exit, words, env) => {
      const result = await run(['up', '--yes', '--timeout', '40s'], env);
      expect([result.code, result.stderr]).toEqual([exit, expect.stringMatching(words)]);
      return result;
    },
    value: async () => valueOf(await connect(), 'web'),
    untilValue: async (value) => {
      const signal = AbortSignal.timeout(30_000);
      for await (const event of (await connect()).watch({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace: 'default', signal })) {
        const objects = event.type === 'synced' ? event.items : event.type === 'disconnected' ? [] : [event.object];
        if (objects.some((object) => (object['data'] as { value?: string } | undefined)?.value === value)) return;
      }
      throw new Error(`ConfigMap/default/web never had the value ${value}`);
    },
    client: connect,
    printed: () => printed.join('\n'),
    remove: async () => {
      await client?.close();
      await sandbox.remove();
    },
  };
}
