/**
 * The steps of a local control plane: binaries, folder with identity and certificates, then the three processes. Each one
 * observes the real world, and is undone from its record alone. Nothing here reads the project.
 */
import type { Step, StepId } from '../engine/step.ts';
import { provideBinariesStep } from './binaries-step.ts';
import { componentTable } from './components.ts';
import { controlPlaneComponents, type ControlPlaneComponent } from './control-plane-args.ts';
import { type ControlPlaneOptions, controlPlaneStepIds } from './control-plane-options.ts';
import { prepareClusterStep } from './prepare-step.ts';
import { runComponentStep } from './run-step.ts';

/**
 * All steps of a control plane, in order. Outputs: the binaries step gives each binary's path by name; `local/run-apiserver/NAME`
 * gives `server` and `kubeconfig`, `local/prepare-cluster/NAME` gives `clusterId`, `clusterDir`, `kubeconfig`.
 */
export function controlPlaneSteps(options: ControlPlaneOptions): readonly Step[] {
  const ids = controlPlaneStepIds(options.clusterName);
  const components = controlPlaneComponents.filter(
    (component) => options.controllerManager !== false || component !== 'kube-controller-manager',
  );
  const before: Readonly<Record<ControlPlaneComponent, readonly StepId[]>> = {
    etcd: [ids.prepare, ids.binaries],
    'kube-apiserver': [ids.run.etcd],
    'kube-controller-manager': [ids.run['kube-apiserver']],
  };
  return [
    provideBinariesStep({
      ...options,
      binaries: [...components.map((component) => componentTable[component].binary), ...(options.binaries ?? [])],
    }),
    prepareClusterStep({ ...options, id: ids.prepare }),
    ...components.map((component) =>
      runComponentStep({ ...options, component, id: ids.run[component], binariesStep: ids.binaries, needs: before[component] }),
    ),
  ];
}
