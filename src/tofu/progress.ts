/** What tofu does, resource by resource, in the words of our events. */
import type { StepReport } from '../engine/events.ts';
import type { TofuMessage } from './messages.ts';

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
  const count = (): { readonly done?: number; readonly total?: number } => (total === undefined ? {} : { done: Math.min(done.size, total), total });
  return (message) => {
    if (message.type === 'apply') {
      // A replaced resource ends twice: counted when both have.
      if (message.phase === 'complete' && message.action !== 'read') done.add(message.address);
      report({ type: 'progress', message: applyText(message), ...count() });
    }
    if (message.type === 'refresh' && message.phase === 'start') report({ type: 'progress', message: `looking at ${message.address}`, done: ++refreshed });
    if (message.type === 'diagnostic' && message.diagnostic.severity === 'warning') {
      const { summary, address } = message.diagnostic;
      report({ type: 'log', source: 'tofu', line: `warning: ${summary}${address === undefined ? '' : ` (${address})`}` });
    }
    if (message.type === 'text' && message.level === 'raw') report({ type: 'log', source: 'tofu', line: message.text });
  };
}

function applyText({ phase, address, action, id, elapsedSeconds }: Apply): string {
  const [doing, done] = DOING[action] ?? [action, action];
  const named = id === undefined ? address : `${address} (${id})`;
  if (phase === 'start') return `${doing} ${named}`;
  if (phase === 'progress') return `still ${doing} ${named}, ${Math.round(elapsedSeconds ?? 0)}s`;
  if (phase === 'complete') return `${done} ${named}`;
  return `failed ${doing} ${named}`;
}
