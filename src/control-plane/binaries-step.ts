/** The step that provides binaries, and where the other steps find them. */
import { type Change, defineStep, type Outputs, type Step, type StepContext, type StepId } from '../engine/step.ts';
import type { BinaryName } from '../toolchain/catalogue.ts';
import { locateBinaries, type Located } from '../toolchain/locate.ts';
import { provideBinaries } from '../toolchain/provide.ts';
import { type ControlPlaneOptions, controlPlaneStepIds } from './control-plane-options.ts';

interface BinariesObserved {
  readonly located: Located;
  readonly recorded: Outputs | undefined;
}

/** Provides binaries in the cache, which all clusters share: it is never undone. */
export function provideBinariesStep(options: ControlPlaneOptions & { readonly binaries: readonly BinaryName[] }): Step {
  const names = [...new Set(options.binaries)];
  const locateOptions = { toolchainDir: options.toolchainDir };
  return defineStep<BinariesObserved>({
    id: controlPlaneStepIds(options.clusterName).binaries,
    title: `provide the binaries of ${options.clusterName}`,
    subject: options.subject,
    needs: options.needs ?? [],
    observe: async (context) => ({
      located: await locateBinaries(context.host, names, { ...locateOptions, signal: context.signal }),
      recorded: context.record?.outputs,
    }),
    change: ({ located, recorded }) => binariesChange(located, recorded),
    apply: async (context) => {
      const found = await provideBinaries(context.host, names, { ...locateOptions, signal: context.signal, report: context.report });
      return Object.fromEntries(found.map(({ name, path }) => [name, path]));
    },
  });
}

function binariesChange({ missing, found }: Located, recorded: Outputs | undefined): Change {
  if (missing.length > 0) {
    const details = missing.map(({ name, version }) => ({
      object: `${name} ${version}`,
      kind: 'create' as const,
      reason: 'not in the cache',
    }));
    return { kind: 'create', summary: `build ${missing.map(({ name }) => name).join(', ')} from source`, details };
  }
  const moved = found.filter(({ name, path }) => recorded?.[name] !== path);
  if (moved.length === 0) return { kind: 'none', summary: 'all binaries are there' };
  const summary = `use ${moved.map(({ name, version }) => `${name} ${version}`).join(', ')}`;
  if (recorded === undefined) return { kind: 'create', summary };
  const details = moved.map(({ name, path, source }) => ({ object: name, kind: 'update' as const, reason: `from ${source} ${path}` }));
  return { kind: 'update', summary, details };
}

/** Path of a binary: where it is found now, else what the binaries step gave. */
export async function binaryPath(
  context: StepContext,
  wish: { readonly binary: BinaryName; readonly toolchainDir: string | undefined; readonly binariesStep: StepId },
): Promise<string | undefined> {
  const { found } = await locateBinaries(context.host, [wish.binary], { toolchainDir: wish.toolchainDir, signal: context.signal });
  const given = context.outputs(wish.binariesStep)?.[wish.binary];
  return found[0]?.path ?? (typeof given === 'string' ? given : undefined);
}
