/** The modules together (test/aws/world) in a folder of their own, with the real tofu: runs may fail, and say how. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtTofu } from './tofu-bed.ts';
import type { AwsBed, AwsResource } from './aws-bed.ts';
import { REPOSITORY } from './slipway.ts';

export interface WorldChange {
  readonly address: string;
  readonly type: string;
  readonly change: {
    readonly actions: readonly string[];
    readonly before: Readonly<Record<string, unknown>> | null;
    readonly after: Readonly<Record<string, unknown>> | null;
    readonly replace_paths?: readonly (readonly unknown[])[];
    readonly importing?: unknown;
  };
}

export interface TofuRun {
  readonly code: number;
  readonly output: string;
}

export interface AwsWorld {
  readonly dir: string;
  run(...args: readonly string[]): Promise<TofuRun>;
  /** @throws with all that tofu said, when it fails */
  must(...args: readonly string[]): Promise<string>;
  /** What would be done, without what would not. */
  plan(): Promise<readonly WorldChange[]>;
  /** Types of managed resources in the state. */
  types(): Promise<readonly string[]>;
  write(file: string, text: string): void;
  setVariables(variables: Readonly<Record<string, unknown>>): void;
  close(): void;
}

/** `hcl` instead of the whole world, where less will do. Initialized. */
export async function openAwsWorld(bed: AwsBed, hcl?: string): Promise<AwsWorld> {
  const binary = await builtTofu();
  const root = mkdtempSync(join(tmpdir(), 'slipway-aws-world-'));
  const dir = join(root, 'world');
  mkdirSync(dir);
  cpSync(join(REPOSITORY, 'modules'), join(root, 'modules'), { recursive: true });
  writeFileSync(join(dir, 'main.tf'), hcl ?? readFileSync(join(REPOSITORY, 'test', 'aws', 'world', 'main.tf')));
  const run = (...args: readonly string[]): Promise<TofuRun> =>
    new Promise((resolve) => {
      const env = { PATH: process.env['PATH'] ?? '', HOME: root, TF_IN_AUTOMATION: '1', TF_CLI_ARGS: '', ...bed.env };
      execFile(binary, args, { cwd: dir, env, maxBuffer: 256 * 1024 * 1024 }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, output: stdout + stderr });
      });
    });
  const must = async (...args: readonly string[]): Promise<string> => {
    const { code, output } = await run(...args);
    if (code !== 0) throw new Error(`tofu ${args.join(' ')} ends with ${code}:\n${output}`);
    return output;
  };
  await must('init', '-no-color');
  return {
    dir,
    run,
    must,
    plan: async () => {
      await must('plan', '-no-color', '-out=plan');
      const shown = JSON.parse(await must('show', '-json', 'plan')) as { readonly resource_changes?: readonly WorldChange[] };
      return (shown.resource_changes ?? []).filter(
        ({ change }) => !['no-op', 'read'].includes(change.actions[0] ?? '') || change.importing !== undefined,
      );
    },
    types: async () => {
      const { resources } = JSON.parse(await must('state', 'pull')) as {
        readonly resources: readonly { readonly mode: string; readonly type: string }[];
      };
      return [...new Set(resources.filter(({ mode }) => mode === 'managed').map(({ type }) => type))].sort();
    },
    write: (file, text) => writeFileSync(join(dir, file), text),
    setVariables: (variables) => writeFileSync(join(dir, 'terraform.tfvars.json'), JSON.stringify(variables)),
    close: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** `aws_vpc.this update` lines, sorted, for comparison. */
export const actionLines = (changes: readonly WorldChange[]): readonly string[] =>
  changes.map(({ address, change }) => `${address} ${change.actions.join('-')}`).sort();

/** What is equal in two worlds that were made the same way: which things there are, without ids and order. */
export function inventory(resources: readonly AwsResource[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { type, origin } of resources) counts[`${type} ${origin}`] = (counts[`${type} ${origin}`] ?? 0) + 1;
  return counts;
}

export const byType = (bed: AwsBed, type: string): AwsResource => {
  const found = bed.account().find((one) => one.type === type);
  if (!found) throw new Error(`no ${type} in the account`);
  return found;
};
