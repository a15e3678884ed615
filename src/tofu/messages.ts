/**
 * What tofu says with -json, line by line (its "machine-readable UI", format 1.x: unknown types and fields are passed over).
 * https://opentofu.org/docs/internals/machine-readable-ui/
 */
import type { Json } from '../core/digest.ts';

export interface TofuDiagnostic {
  readonly severity: 'error' | 'warning';
  readonly summary: string;
  readonly detail: string;
  /** Resource concerned. */
  readonly address?: string;
  /** File of the module, line from 1. */
  readonly file?: string;
  readonly line?: number;
}

export type ResourcePhase = 'start' | 'progress' | 'complete' | 'errored';

export type TofuMessage =
  | { readonly type: 'diagnostic'; readonly diagnostic: TofuDiagnostic }
  | {
      readonly type: 'apply';
      readonly phase: ResourcePhase;
      readonly address: string;
      readonly resourceType: string;
      /** `create`, `update`, `delete`, … */
      readonly action: string;
      readonly id?: string;
      readonly elapsedSeconds?: number;
    }
  | { readonly type: 'refresh'; readonly phase: 'start' | 'complete'; readonly address: string }
  | {
      readonly type: 'change' | 'drift';
      readonly address: string;
      readonly resourceType: string;
      readonly action: string;
      readonly reason?: string;
    }
  /** Of a plan, an apply or a destroy. */
  | { readonly type: 'summary'; readonly operation: string; readonly add: number; readonly change: number; readonly remove: number }
  /** The last resort of a tofu that could write its state nowhere. Holds secrets. */
  | { readonly type: 'state-dump'; readonly state: Json }
  | { readonly type: 'text'; readonly level: string; readonly text: string };

type Fields = Readonly<Record<string, unknown>>;

/** Whether a run that ended by itself may have left something behind that its state does not know. */
export const mayHaveLost = (messages: readonly TofuMessage[]): boolean =>
  messages.some((message) => message.type === 'apply' && message.action === 'create' && message.phase === 'errored');

/** Undefined for lines that say nothing we know. What is no JSON (a provider's crash, a panic) comes as text. */
export function parseMessage(line: string): TofuMessage | undefined {
  if (line.trim() === '') return undefined;
  const fields = parseFields(line);
  if (!fields) return { type: 'text', level: 'raw', text: line };
  const type = textOf(fields['type']);
  const reader = Object.hasOwn(readers, type) ? readers[type] : undefined;
  return reader ? reader(fields) : { type: 'text', level: textOf(fields['@level']), text: textOf(fields['@message']) };
}

const APPLY_PHASES: Readonly<Record<string, ResourcePhase>> = {
  apply_start: 'start',
  apply_progress: 'progress',
  apply_complete: 'complete',
  apply_errored: 'errored',
};

const readers: Readonly<Record<string, (fields: Fields) => TofuMessage>> = {
  diagnostic: (fields) => ({ type: 'diagnostic', diagnostic: toDiagnostic(recordOf(fields['diagnostic'])) }),
  apply_start: readApply,
  apply_progress: readApply,
  apply_complete: readApply,
  apply_errored: readApply,
  refresh_start: (fields) => ({ type: 'refresh', phase: 'start', address: addressOf(fields['hook']) }),
  refresh_complete: (fields) => ({ type: 'refresh', phase: 'complete', address: addressOf(fields['hook']) }),
  planned_change: (fields) => readChange('change', fields),
  resource_drift: (fields) => readChange('drift', fields),
  change_summary: readSummary,
  log: (fields) =>
    fields['state'] === undefined
      ? { type: 'text', level: textOf(fields['@level']), text: textOf(fields['@message']) }
      : { type: 'state-dump', state: fields['state'] as Json },
};

function readApply(fields: Fields): TofuMessage {
  const hook = recordOf(fields['hook']);
  const resource = recordOf(hook['resource']);
  const [id, elapsed] = [hook['id_value'], hook['elapsed_seconds']];
  return {
    type: 'apply',
    phase: APPLY_PHASES[textOf(fields['type'])] ?? 'progress',
    address: textOf(resource['addr']),
    resourceType: textOf(resource['resource_type']),
    action: textOf(hook['action']),
    ...(typeof id === 'string' && id !== '' && { id }),
    ...(typeof elapsed === 'number' && { elapsedSeconds: elapsed }),
  };
}

function readChange(type: 'change' | 'drift', fields: Fields): TofuMessage {
  const change = recordOf(fields['change']);
  const resource = recordOf(change['resource']);
  const reason = textOf(change['reason']);
  const address = textOf(resource['addr']);
  return {
    type,
    address,
    resourceType: textOf(resource['resource_type']),
    action: textOf(change['action']),
    ...(reason !== '' && { reason }),
  };
}

function readSummary(fields: Fields): TofuMessage {
  const changes = recordOf(fields['changes']);
  const count = (name: string): number => (typeof changes[name] === 'number' ? changes[name] : 0);
  return { type: 'summary', operation: textOf(changes['operation']), add: count('add'), change: count('change'), remove: count('remove') };
}

/** Also of `validate -json`, whose diagnostics have the same shape. */
export function toDiagnostic(fields: Fields): TofuDiagnostic {
  const range = recordOf(fields['range']);
  const line = recordOf(range['start'])['line'];
  const address = textOf(fields['address']);
  const file = textOf(range['filename']);
  return {
    severity: fields['severity'] === 'warning' ? 'warning' : 'error',
    summary: textOf(fields['summary']),
    detail: textOf(fields['detail']),
    ...(address !== '' && { address }),
    ...(file !== '' && { file }),
    ...(typeof line === 'number' && { line }),
  };
}

function addressOf(hook: unknown): string {
  return textOf(recordOf(recordOf(hook)['resource'])['addr']);
}

function parseFields(line: string): Fields | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return recordOf(JSON.parse(line));
  } catch {
    return undefined;
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const recordOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
