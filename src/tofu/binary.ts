/** Which tofu is used: what the user gives, what is on PATH, else the one that is built from the pinned module. */
import { SlipwayError } from '../core/errors.ts';
import type { StepReport } from '../engine/events.ts';
import type { Host } from '../host/host.ts';

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

/** The folder given, `tofu` on PATH, `terraform` on PATH, the cache, else a build. @throws SLW-TOF-001, SLW-TOF-002, SLW-TCH-… */
export async function findTofu(_host: Host, _options: FindTofuOptions): Promise<TofuBinary> {
  throw new SlipwayError('SLW-TOF-002', 'not built yet');
}
