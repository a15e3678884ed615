/** One of our modules, or an example of it, in a folder of its own with the real tofu and the account of a test bed. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json } from '../../src/core/digest.ts';
import { builtTofu } from './tofu-bed.ts';

export const MODULES = join(import.meta.dirname, '..', '..', 'modules');

export interface PlannedChange {
  readonly address: string;
  readonly type: string;
  readonly change: {
    readonly actions: readonly string[];
    readonly before: Readonly<Record<string, unknown>> | null;
    readonly after: Readonly<Record<string, unknown>> | null;
  };
}

export interface ModuleRun {
  /** Runs tofu in the folder; stdout. Throws with all that tofu said. */
  tofu(...args: readonly string[]): Promise<string>;
  /** What would be done, without what would not. */
  plan(): Promise<readonly PlannedChange[]>;
  apply(): Promise<void>;
  destroy(): Promise<void>;
  outputs(): Promise<Readonly<Record<string, Json>>>;
  setVariables(variables: Readonly<Record<string, Json | undefined>>): void;
  close(): void;
}

/** `path` is below modules/: `aws-network`, `aws-network/examples/basic`. All modules are copied, so that examples find them. */
export async function openModule(path: string, env: Readonly<Record<string, string>>): Promise<ModuleRun> {
  const binary = await builtTofu();
  const root = mkdtempSync(join(tmpdir(), 'slipway-module-'));
  cpSync(MODULES, root, { recursive: true });
  const cwd = join(root, path);
  const tofu = (...args: readonly string[]): Promise<string> => runTofu(binary, args, { cwd, env });
  await tofu('init');
  return {
    tofu,
    plan: async () => {
      await tofu('plan', '-out=plan');
      const { resource_changes: changes = [] } = JSON.parse(await tofu('show', '-json', 'plan')) as {
        readonly resource_changes?: readonly PlannedChange[];
      };
      return changes.filter(({ change }) => change.actions[0] !== 'no-op' && change.actions[0] !== 'read');
    },
    apply: async () => void (await tofu('apply', '-auto-approve')),
    destroy: async () => void (await tofu('destroy', '-auto-approve')),
    outputs: async () => {
      const outputs = JSON.parse(await tofu('output', '-json')) as Readonly<Record<string, { readonly value: Json }>>;
      return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
    },
    setVariables: (variables) => writeFileSync(join(cwd, 'terraform.tfvars.json'), JSON.stringify(variables)),
    close: () => rmSync(root, { recursive: true, force: true }),
  };
}

function runTofu(
  binary: string,
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<string> {
  const flags =
    args[0] === 'init' || args[0] === 'plan' || args[0] === 'apply' || args[0] === 'destroy' ? ['-input=false', '-no-color'] : [];
  const [verb = '', ...rest] = args;
  return new Promise((resolve, reject) => {
    const options = {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: cwd, TF_IN_AUTOMATION: '1', ...env },
      maxBuffer: 64 * 1024 * 1024,
    };
    execFile(binary, [verb, ...flags, ...rest], options, (error, stdout, stderr) => {
      if (error) reject(new Error(`tofu ${args.join(' ')} failed:\n${stdout}\n${stderr}`));
      else resolve(stdout);
    });
  });
}

/** How many resources of each type are made. */
export function countCreated(changes: readonly PlannedChange[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { type, change } of changes) if (change.actions.includes('create')) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

/** One line for each: `module.eks.aws_eks_cluster.this update version`. */
export function changeLines(changes: readonly PlannedChange[]): readonly string[] {
  return changes.map(({ address, change: { actions, before, after } }) => {
    const fields = before && after ? Object.keys(after).filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key])) : [];
    return [address, actions.join('-'), ...fields].join(' ');
  });
}
