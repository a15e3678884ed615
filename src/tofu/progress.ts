/** What tofu does, resource by resource, in the words of our events. */
import type { StepReport } from '../engine/step.ts';
import type { TofuDiagnostic, TofuMessage } from './messages.ts';

type Apply = Extract<TofuMessage, { type: 'apply' }>;

const DOING: Readonly<Record<string, readonly [string, string]>> = {
  create: ['creating', 'created'],
  update: ['updating', 'updated'],
  delete: ['destroying', 'destroyed'],
  read: ['reading', 'read'],
};

/** Reports of one run of tofu; `total` is the number of resources that a plan changes, for counts. */
export function progressReporter(report: (report: StepReport) => void, total?: number): (message: TofuMessage) => void {
  const done = new Set<string>();
  let refreshed = 0;
  const tellOfApply = (message: Apply): void => {
    if (message.phase === 'complete') done.add(message.address);
    const counts = total === undefined ? {} : { done: Math.min(done.size, total), total };
    report({ type: 'progress', message: applyText(message), ...counts });
  };
  return (message) => {
    if (message.type === 'apply') tellOfApply(message);
    else if (message.type === 'refresh' && message.phase === 'start')
      report({ type: 'progress', message: `looking at ${message.address}`, done: ++refreshed });
    else if (message.type === 'diagnostic' && message.diagnostic.severity === 'warning') report(logLine(warningText(message.diagnostic)));
    else if (message.type === 'text' && message.level === 'raw') report(logLine(message.text));
  };
}

const logLine = (line: string): StepReport => ({ type: 'log', source: 'tofu', line });

function warningText({ summary, address }: TofuDiagnostic): string {
  return `warning: ${summary}${address === undefined ? '' : ` (${address})`}`;
}

function applyText({ phase, address, action, id, elapsedSeconds }: Apply): string {
  const [doing, done] = DOING[action] ?? [action, action];
  const named = id === undefined ? address : `${address} (${id})`;
  if (phase === 'start') return `${doing} ${named}`;
  if (phase === 'progress') return `still ${doing} ${named}, ${Math.round(elapsedSeconds ?? 0)}s`;
  if (phase === 'complete') return `${done} ${named}`;
  return `failed ${doing} ${named}`;
}
