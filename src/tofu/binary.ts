/** Which tofu is used: what the user gives, what is on PATH, else the one that is built from the pinned module. */
import { join } from 'node:path';
import { SlipwayError } from '../core/errors.ts';
import type { StepReport } from '../engine/step.ts';
import type { Host } from '../host/host.ts';
import { provideBinaries } from '../toolchain/provide.ts';
import { versionArguments } from './arguments.ts';

export type TofuFlavour = 'opentofu' | 'terraform';

export interface TofuBinary {
  readonly path: string;
  readonly flavour: TofuFlavour;
  /** `1.12.6` */
  readonly version: string;
}

export interface FindTofuOptions {
  /** `--toolchain DIR`: looked at first. */
  readonly toolchainDir?: string | undefined;
  /** Only this one will do: its state cannot be read by the other. */
  readonly flavour?: TofuFlavour | undefined;
  readonly signal: AbortSignal;
  readonly report: (report: StepReport) => void;
}

/** Both lock a state in a bucket by themselves from here on. */
export const OLDEST: readonly [number, number] = [1, 10];

const COMMANDS: readonly (readonly [TofuFlavour, string])[] = [
  ['opentofu', 'tofu'],
  ['terraform', 'terraform'],
];

/**
 * The folder given, `tofu` on PATH, `terraform` on PATH, the cache, else a build. What is found first is used or refused: one
 * that is too old is never passed over in silence.
 * @throws SLW-TOF-001 too old, SLW-TOF-002 no such program, SLW-TCH-… when it must be built and cannot
 */
export async function findTofu(host: Host, options: FindTofuOptions): Promise<TofuBinary> {
  options.signal.throwIfAborted();
  const { flavour, toolchainDir, signal, report } = options;
  const wanted = COMMANDS.filter(([name]) => flavour === undefined || name === flavour);
  for (const folder of toolchainDir === undefined ? [undefined] : [toolchainDir, undefined]) {
    for (const [, command] of wanted) {
      const path = await host.processes.which(folder === undefined ? command : join(folder, command));
      if (path !== undefined) return requireRecent(await inspect(host, path, signal));
    }
  }
  if (flavour === 'terraform') {
    throw new SlipwayError('SLW-TOF-018', 'the state was written by Terraform, and there is no terraform on PATH', { data: { flavour } });
  }
  const [built] = await provideBinaries(host, ['tofu'], { toolchainDir, signal, report });
  if (!built) throw new SlipwayError('SLW-BUG-001', 'the toolchain gave no tofu');
  return requireRecent(await inspect(host, built.path, signal));
}

async function inspect(host: Host, path: string, signal: AbortSignal): Promise<TofuBinary> {
  const env = { PATH: host.env.get('PATH') ?? '', HOME: host.env.home, CHECKPOINT_DISABLE: '1' };
  const result = await host.processes.run(path, versionArguments(), { timeoutMs: 60_000, signal, env });
  const found = readVersion(result.stdout);
  if (result.code === 0 && found) return { path, ...found };
  throw new SlipwayError('SLW-TOF-002', `${path} does not answer \`version -json\` as OpenTofu or Terraform does (exit ${result.code})`, {
    data: { path },
  });
}

/** Both give `terraform_version`; only Terraform says whether it is outdated, only OpenTofu's platform field comes alone. */
export function readVersion(text: string): Omit<TofuBinary, 'path'> | undefined {
  try {
    const fields = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const version = fields['terraform_version'];
    if (typeof version !== 'string' || !/^\d+\.\d+\.\d+/.test(version)) return undefined;
    return { version, flavour: 'terraform_outdated' in fields ? 'terraform' : 'opentofu' };
  } catch {
    return undefined;
  }
}

/** @throws SLW-TOF-001 */
export function requireRecent(binary: TofuBinary): TofuBinary {
  const [major = 0, minor = 0] = binary.version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return binary;
  const name = binary.flavour === 'opentofu' ? 'OpenTofu' : 'Terraform';
  throw new SlipwayError('SLW-TOF-001', `${binary.path} is ${name} ${binary.version}, older than ${OLDEST.join('.')}`, {
    data: { ...binary },
  });
}
