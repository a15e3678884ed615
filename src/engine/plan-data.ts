/** A plan as data: what would be done, in which order, and a digest that binds it to what was observed. */
import type { Change, StepId } from './step.ts';

export interface PlannedStep {
  readonly step: StepId;
  readonly title: string;
  readonly subject: string;
  readonly needs: readonly StepId[];
  readonly change: Change;
  /** `up`: the step is in the project; `down`: its ledger entry is undone (also for documents that left the project). */
  readonly direction: 'up' | 'down';
}

export interface PlanData {
  readonly format: '1.0';
  readonly project: string;
  readonly verb: 'up' | 'down';
  /** In an order that respects `needs`. */
  readonly steps: readonly PlannedStep[];
  readonly counts: {
    readonly create: number;
    readonly update: number;
    readonly replace: number;
    readonly delete: number;
    readonly deferred: number;
    readonly none: number;
  };
  /** Names that must be typed before this plan may run. */
  readonly destroys: readonly string[];
  /** SHA-256 of the canonical JSON of steps, changes and observations: equal digest, equal world and project. */
  readonly digest: string;
}
