/** `slipway kubeconfig [CLUSTER]`: a self-contained kubeconfig on stdout; merged into a file only when asked. */
import { clusterKubeconfig } from '../../project/kubeconfig.ts';
import type { CommandRun } from '../context.ts';
import type { WholeFlags } from '../flags.ts';
import { operationOptions } from '../session.ts';

export interface KubeconfigFlags extends WholeFlags {
  readonly merge: boolean;
}

const run: CommandRun<KubeconfigFlags, readonly [string?]> = async (session, flags, [cluster]) => {
  const kubeconfig = await clusterKubeconfig({ ...operationOptions(session, flags), ...(cluster !== undefined && { cluster }) });
  if (!flags.merge) {
    session.result('kubeconfig', { kubeconfig }, [kubeconfig.trimEnd()]);
    return 0;
  }
  const { mergeKubeconfig } = await import('../merge-kubeconfig.ts');
  const { file, context } = await mergeKubeconfig(session.host, kubeconfig);
  session.result('kubeconfig', { file, context }, [
    `Added context ${context} to ${file}; the current context is as it was.`,
    `Use it with: kubectl --context ${context} get namespaces`,
  ]);
  return 0;
};

export default run;
