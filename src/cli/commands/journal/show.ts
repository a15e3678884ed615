/** `slipway journal show`: the durable events of a project, one NDJSON row each; with --output, replayed into that view. */
import type { SlipwayEvent } from '../../../engine/events.ts';
import { readJournal } from '../../../project/journal.ts';
import type { CommandRun, Session } from '../../context.ts';
import type { WholeFlags } from '../../flags.ts';
import { errorsLines } from '../../render/error-text.ts';
import { plainLines } from '../../render/plain.ts';
import { planLines } from '../../render/plan-text.ts';
import { emptyScreen, reduceScreen, type Screen } from '../../render/screen.ts';
import { treeLines } from '../../render/tree.ts';
import { operationOptions } from '../../session.ts';

/** Without --output the rows are printed as NDJSON: that is what a journal is for. */
const run: CommandRun<WholeFlags> = async (session, flags) => {
  const show = flags.output === undefined ? undefined : REPLAYS[flags.output](session, flags);
  for await (const row of readJournal(operationOptions(session, flags))) {
    if (show) show.row(row.event, row);
    else session.result('journal', row, [JSON.stringify(row)]);
  }
  show?.end();
  return 0;
};

interface Replay {
  row(event: SlipwayEvent, data: unknown): void;
  end(): void;
}

const REPLAYS: Readonly<Record<'tty' | 'plain' | 'json', (session: Session, flags: WholeFlags) => Replay>> = {
  json: (session) => ({ row: (_event, data) => session.result('journal', data, []), end: () => undefined }),
  plain: (session, flags) => ({ row: (event) => session.result('journal', event, plainLines(event, flags)), end: () => undefined }),
  tty: replayTree,
};

/** One final tree for each run. */
function replayTree(session: Session, flags: WholeFlags): Replay {
  let screen: Screen = emptyScreen;
  const flush = (): void => {
    if (screen.startedMs === undefined) return;
    const width = Math.max(20, session.terminal.stdout.columns() - 1);
    const lines = treeLines(screen, {
      width,
      nowMs: screen.nowMs,
      frame: 0,
      paint: session.paint,
      ascii: false,
      final: true,
      verbose: flags.verbose,
    });
    session.result('journal', {}, [...lines, ...errorsLines(screen.errors, session.paint), '']);
    screen = emptyScreen;
  };
  return {
    row: (event) => {
      if (event.type === 'run.started') flush();
      if (event.type === 'plan.made' && flags.verbose) session.result('journal', {}, planLines(event.plan, session.paint));
      screen = reduceScreen(screen, event);
    },
    end: flush,
  };
}

export default run;
