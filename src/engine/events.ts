/**
 * The one typed event stream. Renderers, reports and `--output json` are pure functions of it; what is durable of it
 * is the journal. Names and fields are API (additive only); texts are not.
 */
import type { ErrorRecord } from '../core/errors.ts';
import type { PlanData } from './plan-data.ts';
import type { Change, Finding, Intent, Outputs, StepId } from './step.ts';

export const EVENT_FORMAT = '1.0';

export type RunStatus = 'done' | 'failed' | 'cancelled' | 'detached' | 'waiting';
export type Verb = 'up' | 'down' | 'plan' | 'toolchain' | 'pivot';

/** Event bodies; `DurableEvent`s are written to the journal before they are shown. */
export type DurableEvent =
  | {
      readonly type: 'run.started';
      readonly run: string;
      readonly verb: Verb;
      readonly project: string;
      readonly slipway: string;
      readonly planDigest: string;
    }
  | { readonly type: 'plan.made'; readonly plan: PlanData }
  | {
      readonly type: 'step.intended';
      readonly step: StepId;
      readonly subject: string;
      readonly title: string;
      readonly needs: readonly StepId[];
      readonly change: Change;
      readonly intent: Intent;
    }
  | { readonly type: 'step.applied'; readonly step: StepId; readonly outputs: Outputs; readonly ms: number }
  | { readonly type: 'step.verified'; readonly step: StepId; readonly ms: number }
  | {
      readonly type: 'step.failed';
      readonly step: StepId;
      readonly phase: 'observe' | 'apply' | 'verify' | 'undo';
      readonly error: ErrorRecord;
      readonly attempt: number;
      /** Absent: given up. */ readonly retryInMs?: number;
    }
  | { readonly type: 'step.undone'; readonly step: StepId; readonly ms: number }
  | { readonly type: 'step.forgotten'; readonly step: StepId; readonly reason: string }
  | ({ readonly type: 'step.finding'; readonly step: StepId } & Finding)
  | {
      readonly type: 'run.finished';
      readonly run: string;
      readonly status: RunStatus;
      readonly exit: number;
      readonly ms: number;
      readonly changed: number;
    };

export type TransientEvent =
  | { readonly type: 'version'; readonly format: typeof EVENT_FORMAT; readonly slipway: string }
  | {
      readonly type: 'step.started';
      readonly step: StepId;
      readonly title: string;
      readonly subject: string;
      readonly phase: 'observe' | 'apply' | 'verify' | 'undo';
    }
  | { readonly type: 'step.unchanged'; readonly step: StepId }
  | { readonly type: 'step.skipped'; readonly step: StepId; readonly reason: string }
  | { readonly type: 'step.progress'; readonly step: StepId; readonly message: string; readonly done?: number; readonly total?: number }
  | {
      readonly type: 'step.waiting';
      readonly step: StepId;
      readonly object: string;
      readonly reason: string;
      readonly message: string;
      readonly forMs: number;
      readonly boundMs: number;
    }
  | { readonly type: 'step.log'; readonly step: StepId; readonly source: string; readonly line: string }
  | { readonly type: 'heartbeat'; readonly running: readonly StepId[]; readonly ms: number }
  | ({ readonly type: 'finding' } & Finding)
  | { readonly type: 'error'; readonly error: ErrorRecord }
  | { readonly type: 'result'; readonly kind: string; readonly data: unknown };

export type SlipwayEvent = (DurableEvent | TransientEvent) & {
  /** ISO 8601 with ms. */
  readonly time: string;
};

export type EventBody = DurableEvent | TransientEvent;
export type Emit = (event: SlipwayEvent) => void;
