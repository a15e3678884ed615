/** Shows a changing status: on a terminal in place, elsewhere as a new tree whenever it differs, in json as one result each. */
import type { ProjectStatus } from '../project/operations.ts';
import type { Session } from './context.ts';
import { Painter } from './render/painter.ts';
import { statusLines } from './render/status-text.ts';
import { cutLine } from './render/text-width.ts';

export interface StatusWatch {
  show(status: ProjectStatus): void;
  close(): void;
}

export function createStatusWatch(session: Session): StatusWatch {
  const { stdout } = session.terminal;
  if (session.mode !== 'tty' || !stdout.isTerminal) return { show: createPrinter(session), close: () => undefined };
  const painter = new Painter(stdout);
  const stopExit = session.terminal.onExit(() => painter.release());
  let last: ProjectStatus | undefined;
  const draw = (): void => {
    if (!last) return;
    const lines = statusLines(last, session.paint).map((line) => session.redactor.redact(line));
    painter.draw(fitRows(lines, stdout.rows() - 1).map((line) => cutLine(line, stdout.columns() - 1)));
  };
  const stopResize = session.terminal.onResize(draw);
  return {
    show: (status) => {
      last = status;
      draw();
    },
    close: () => {
      stopResize();
      stopExit();
      painter.release();
    },
  };
}

/** What does not fit on the screen is counted. */
export function fitRows(lines: readonly string[], rows: number): readonly string[] {
  const room = Math.max(1, rows);
  if (lines.length <= room) return lines;
  return [...lines.slice(0, room - 1), `… ${lines.length - room + 1} more lines: slipway status shows all`];
}

function createPrinter(session: Session): (status: ProjectStatus) => void {
  let before = '';
  return (status) => {
    const lines = statusLines(status, session.paint);
    const text = JSON.stringify({ ...status, tree: stripTimes(status.tree) });
    if (text !== before) session.result('status', status, [...lines, '']);
    before = text;
  };
}

/** Time that passes is no news. */
function stripTimes(node: ProjectStatus['tree']): unknown {
  const { sinceMs: _sinceMs, children, ...rest } = node;
  return { ...rest, children: children.map(stripTimes) };
}
