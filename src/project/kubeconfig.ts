/** `slipway kubeconfig`: the kubeconfig of one cluster, self-contained. */
import { SlipwayError } from '../core/errors.ts';
import { Redactor } from '../core/redaction.ts';
import { portableKubeconfig } from '../kube/portable-kubeconfig.ts';
import { chooseCluster } from './clusters.ts';
import type { KubeconfigOptions } from './operations.ts';
import { findProjectOrState, withReadable } from './workspace.ts';

/** @throws SLW-STA-013 no such cluster, SLW-STA-014 not made yet */
export async function clusterKubeconfig(options: KubeconfigOptions): Promise<string> {
  const place = await findProjectOrState(options);
  // What is asked for here is shown; a redactor of its own keeps it hidden everywhere else.
  return withReadable(place, { ...options, redactor: new Redactor() }, async (workspace) => {
    const { view, provisioner } = chooseCluster(workspace, options.cluster);
    const source = await provisioner.kubeconfig(view, workspace.context);
    if (!source) throw new SlipwayError('SLW-STA-014', `cluster ${view.name} does not exist yet`, { object: `Cluster/${view.name}` });
    const { text, ...where } = source;
    return portableKubeconfig(options.host, text, where);
  });
}
