/** `slipway logs CLUSTER [COMPONENT]`: what the components of a cluster wrote, on stdout. */
import { clusterLogs } from '../../project/logs.ts';
import type { CommandRun } from '../context.ts';
import type { WholeFlags } from '../flags.ts';
import { operationOptions } from '../session.ts';

export interface LogsFlags extends WholeFlags {
  readonly follow: boolean;
  readonly tail: number;
}

const run: CommandRun<LogsFlags, readonly [string, string?]> = async (session, flags, [cluster, component]) => {
  const options = {
    ...operationOptions(session, flags),
    cluster,
    follow: flags.follow,
    tail: flags.tail,
    ...(component !== undefined && { component }),
  };
  for await (const { component: source, line } of clusterLogs(options)) {
    session.result('log', { component: source, line }, [component === undefined ? `${session.paint('quiet', source)} ${line}` : line]);
  }
  return 0;
};

export default run;
