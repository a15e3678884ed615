/** `slipway status`: causes first, then the tree; `--watch` shows every change until Ctrl-C. */
import { exits } from '../../core/exits.ts';
import type { ProjectStatus } from '../../project/operations.ts';
import { projectStatus, watchProjectStatus } from '../../project/status.ts';
import type { CommandRun, Session } from '../context.ts';
import type { ProjectFlags } from '../flags.ts';
import { statusLines } from '../render/status-text.ts';
import { operationOptions } from '../session.ts';
import { createStatusWatch } from '../status-watch.ts';

export interface StatusFlags extends ProjectFlags {
  readonly watch: boolean;
}

const run: CommandRun<StatusFlags> = async (session, flags) => {
  const options = operationOptions(session, flags);
  if (flags.watch) return watch(session, watchProjectStatus(options));
  const status = await projectStatus(options);
  session.result('status', status, statusLines(status, session.paint));
  return status.state === 'failed' ? exits.failed : exits.done;
};

async function watch(session: Session, states: AsyncIterable<ProjectStatus>): Promise<number> {
  const view = createStatusWatch(session);
  try {
    for await (const status of states) view.show(status);
    return exits.done;
  } finally {
    view.close();
  }
}

export default run;
