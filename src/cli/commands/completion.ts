/** `slipway completion SHELL`. */
import { SlipwayError } from '../../core/errors.ts';
import { completionScript, isShell, SHELLS } from '../completion.ts';
import type { CommandRun } from '../context.ts';
import type { GlobalFlags } from '../flags.ts';

const run: CommandRun<GlobalFlags, readonly [string]> = (session, _flags, [shell]) => {
  if (!isShell(shell)) throw new SlipwayError('SLW-CLI-002', `no completion for "${shell}"`, { fix: `use one of ${SHELLS.join(', ')}` });
  session.result('completion', { shell, script: completionScript(shell) }, [completionScript(shell)]);
  return Promise.resolve(0);
};

export default run;
