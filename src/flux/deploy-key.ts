/** Deploy keys that Slipway makes for ssh:// repositories: private half 0600 in the state folder, public half for a person to add. */
import { join } from 'node:path';
import type { ResolvedGitops } from '../config/resolved-gitops.ts';
import { defineStep, type Outputs, type Step } from '../engine/step.ts';
import type { Host } from '../host/host.ts';
import { createDeployKey, describeDeployKey } from '../pki/keys.ts';
import { type FluxStepsOptions, fluxStepIds } from './step-options.ts';

/** Names of repositories whose key is ours to make. */
export function wantsDeployKey(gitops: ResolvedGitops): readonly string[] {
  return gitops.repositories.flatMap(({ name, source }) =>
    source.type === 'git' && source.auth?.type === 'ssh' && source.auth.privateKey === undefined ? [name] : [],
  );
}

export interface DeployKeyText {
  readonly identity: string;
  readonly publicKey: string;
}

/** Undefined before it was made. */
export async function readDeployKey(host: Host, keyDir: string, name: string): Promise<DeployKeyText | undefined> {
  const identity = await host.files.readText(join(keyDir, name));
  if (identity === undefined || identity.trim() === '') return undefined;
  return { identity, publicKey: describeDeployKey(identity, `slipway ${name}`).publicLine };
}

/** Makes missing keys and never replaces one: a key that a person added to a repository must stay. */
export function createDeployKeysStep(options: FluxStepsOptions): Step {
  const names = wantsDeployKey(options.gitops);
  return defineStep<readonly string[]>({
    id: fluxStepIds(options.clusterName).keys,
    title: `create deploy keys for ${names.join(', ')}`,
    subject: options.subject,
    needs: [],
    observe: async ({ host }) => {
      const found = await Promise.all(names.map(async (name) => ((await readDeployKey(host, options.keyDir, name)) ? undefined : name)));
      return found.filter((name) => name !== undefined);
    },
    change: (missing) =>
      missing.length === 0
        ? { kind: 'none', summary: 'deploy keys are there' }
        : {
            kind: 'create',
            summary: `create deploy keys for ${missing.join(', ')}`,
            details: missing.map((name) => ({ object: `deploy key ${name}`, kind: 'create', reason: 'there is none' })),
          },
    apply: async ({ host, observed, report }) => {
      const publicKeys: Record<string, string> = {};
      for (const name of names) {
        const key = (await readDeployKey(host, options.keyDir, name)) ?? (await makeKey(host, options.keyDir, name));
        publicKeys[name] = key.publicKey;
        if (observed.includes(name))
          report({
            type: 'finding',
            level: 'info',
            message: `add this public key to the repository ${name} as a read-only deploy key: ${key.publicKey}`,
          });
      }
      return { publicKeys } satisfies Outputs;
    },
  });
}

async function makeKey(host: Host, keyDir: string, name: string): Promise<DeployKeyText> {
  const { privateKeyPem, publicLine } = createDeployKey(`slipway ${name}`);
  await host.files.mkdir(keyDir, 0o700);
  await host.files.writeAtomic(join(keyDir, name), privateKeyPem, { mode: 0o600 });
  await host.files.writeAtomic(join(keyDir, `${name}.pub`), `${publicLine}\n`, { mode: 0o644 });
  return { identity: privateKeyPem, publicKey: publicLine };
}
