/** Hidden `slipway serve git --config FILE`: the resident server of repositories that are paths on this machine. */
import { resolve } from 'node:path';
import { rotateLogs } from '../../../control-plane/log-files.ts';
import { runGitServer } from '../../../git/server.ts';
import type { CommandRun } from '../../context.ts';
import type { GlobalFlags } from '../../flags.ts';

export interface ServeFlags extends GlobalFlags {
  readonly config: string;
  /** Folders whose logs are kept small while the server runs: it is the one resident process of ours a cluster has. */
  readonly rotate?: readonly string[];
}

const ROTATE_EVERY_MS = 60_000;

const run: CommandRun<ServeFlags> = async ({ host, signal }, flags) => {
  // A full disk or a folder that is going away is no reason to stop serving.
  const rotateAll = (): void => (flags.rotate ?? []).forEach((folder) => void rotateLogs(host, folder).catch(() => undefined));
  const stop = host.clock.every(ROTATE_EVERY_MS, rotateAll);
  try {
    await runGitServer(host, resolve(host.env.cwd, flags.config), signal);
  } finally {
    stop();
  }
  return 0;
};

export default run;
