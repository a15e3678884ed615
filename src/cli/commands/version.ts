/** `slipway version`; main.ts answers the plain form itself, without loading this. */
import { SLIPWAY_VERSION } from '../../core/version.ts';
import type { CommandRun } from '../context.ts';
import type { GlobalFlags } from '../flags.ts';

const run: CommandRun<GlobalFlags> = (session) => {
  session.result('version', { slipway: SLIPWAY_VERSION }, [`slipway ${SLIPWAY_VERSION}`]);
  return Promise.resolve(0);
};

export default run;
