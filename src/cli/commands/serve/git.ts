/** Hidden `slipway serve git --config FILE`: the resident server of repositories that are paths on this machine. */
import { resolve } from 'node:path';
import { runGitServer } from '../../../git/server.ts';
import type { CommandRun } from '../../context.ts';
import type { GlobalFlags } from '../../flags.ts';

export interface ServeFlags extends GlobalFlags {
  readonly config: string;
}

const run: CommandRun<ServeFlags> = async ({ host, signal }, flags) => {
  await runGitServer(host, resolve(host.env.cwd, flags.config), signal);
  return 0;
};

export default run;
