/**
 * From a cluster of the project to the objects that define it on its management cluster: core objects v1beta2, provider objects at the
 * version of the pinned CRDs. Owns which objects there are and what they are called; knows no API server. Pure: same cluster, same objects.
 */
import type { CapiCluster } from '../../config/resolved.ts';
import type { KubeObject } from '../../kube/types.ts';
import { LOCAL_API } from '../words.ts';
import type { BootstrapRenderer } from './bootstraps/bootstrap.ts';
import { kubeadm } from './bootstraps/kubeadm.ts';
import { rke2 } from './bootstraps/rke2.ts';
import { renderWithClass } from './cluster-class.ts';
import { clusterObject, machineDeployment, machineHealthCheck } from './core-objects.ts';
import { rendererOf } from './infrastructures/table.ts';
import {
  contentName,
  contractRef,
  type Fields,
  groupName,
  type InfrastructureRenderer,
  type MachineGroup,
  metadata,
  type Rendering,
} from './rendering.ts';
import { literalText, type ValueText } from './values.ts';

const bootstraps: Readonly<Record<CapiCluster['capi']['bootstrap'], BootstrapRenderer>> = { kubeadm, rke2 };
const LOCAL_CONTROL_PLANE_KIND = { apiVersion: LOCAL_API, kind: 'LocalControlPlane' };

/**
 * All objects of a definition, in an order in which they can be applied; the namespace is not among them. `text` gives what the project
 * only points to (resolveDefinitionValues); clusters of infrastructure local and dev hold nothing of that kind.
 */
export function renderDefinitions(cluster: CapiCluster, text: ValueText = literalText): readonly KubeObject[] {
  const rendering = { cluster, text } as Rendering;
  const infrastructure = rendererOf(rendering);
  const bootstrap = infrastructure.machineKind === undefined ? undefined : bootstraps[cluster.capi.bootstrap];
  const companions = [...infrastructure.companions(rendering), ...(bootstrap?.companions(rendering) ?? [])];
  const controlPlane = bootstrap?.controlPlane ?? LOCAL_CONTROL_PLANE_KIND;
  if (cluster.capi.topology === 'clusterClass')
    return [...companions, ...renderWithClass(rendering, { infrastructure, bootstrap, controlPlane })];
  return [...companions, ...renderPlain(rendering, infrastructure, bootstrap)];
}

function renderPlain(
  rendering: Rendering,
  infrastructure: InfrastructureRenderer,
  bootstrap: BootstrapRenderer | undefined,
): readonly KubeObject[] {
  const { name } = rendering.cluster;
  const infrastructureCluster = {
    apiVersion: infrastructure.apiVersion,
    kind: infrastructure.clusterKind,
    metadata: metadata(rendering, name, infrastructure.clusterAnnotations && { annotations: infrastructure.clusterAnnotations }),
    spec: infrastructure.clusterSpec(rendering),
  };
  const [controlPlane, ...around] = bootstrap
    ? controlPlaneOfMachines(rendering, { infrastructure, bootstrap })
    : [localControlPlane(rendering)];
  if (!controlPlane) return [];
  const cluster = clusterObject(rendering, {
    infrastructureRef: contractRef({ ...infrastructureCluster, name }),
    controlPlaneRef: contractRef({ ...controlPlane, name: controlPlane.metadata.name }),
  });
  const workers = bootstrap
    ? rendering.cluster.capi.workers.flatMap((pool) => workerObjects(rendering, { infrastructure, bootstrap }, pool))
    : [];
  return [...around, infrastructureCluster, controlPlane, cluster, ...workers];
}

function localControlPlane(rendering: Rendering): KubeObject {
  const { name, capi } = rendering.cluster;
  return { ...LOCAL_CONTROL_PLANE_KIND, metadata: metadata(rendering, `${name}-control-plane`), spec: { version: capi.kubernetesVersion } };
}

interface Providers {
  readonly infrastructure: InfrastructureRenderer;
  readonly bootstrap: BootstrapRenderer;
}

/** The control plane first, then what belongs to it. */
function controlPlaneOfMachines(rendering: Rendering, { infrastructure, bootstrap }: Providers): readonly KubeObject[] {
  const group: MachineGroup = { role: 'control-plane', machines: rendering.cluster.capi.controlPlane };
  const template = machineTemplate(rendering, infrastructure, group);
  const spec = bootstrap.controlPlaneSpec(rendering, {
    node: infrastructure.node(group, rendering),
    machineTemplate: { apiVersion: template.apiVersion, kind: template.kind, name: template.metadata.name },
  });
  const controlPlane = { ...bootstrap.controlPlane, metadata: metadata(rendering, groupName(rendering.cluster, group)), spec };
  return [controlPlane, template, ...healthCheck(rendering, group)];
}

function workerObjects(
  rendering: Rendering,
  { infrastructure, bootstrap }: Providers,
  pool: CapiCluster['capi']['workers'][number],
): readonly KubeObject[] {
  const group: MachineGroup = { role: 'worker', machines: pool };
  const config = template(rendering, bootstrap.configTemplate, {
    group,
    spec: bootstrap.workerConfig(group, rendering, infrastructure.node(group, rendering)),
  });
  const machine = machineTemplate(rendering, infrastructure, group);
  const deployment = machineDeployment(rendering, pool, {
    config: { ...config, name: config.metadata.name },
    machine: { ...machine, name: machine.metadata.name },
  });
  return [config, machine, deployment, ...healthCheck(rendering, group)];
}

function healthCheck(rendering: Rendering, group: MachineGroup): readonly KubeObject[] {
  const check = machineHealthCheck(rendering, group);
  return check ? [check] : [];
}

function machineTemplate(rendering: Rendering, infrastructure: InfrastructureRenderer, group: MachineGroup): KubeObject {
  const { apiVersion, machineKind = '' } = infrastructure;
  return template(rendering, { apiVersion, kind: machineKind }, { group, spec: infrastructure.machineSpec(group, rendering) });
}

interface TemplateContent {
  readonly group: MachineGroup;
  readonly spec: Fields;
}

function template(
  rendering: Rendering,
  kind: { readonly apiVersion: string; readonly kind: string },
  { group, spec }: TemplateContent,
): KubeObject {
  const name = contentName(groupName(rendering.cluster, group), spec);
  return { ...kind, metadata: metadata(rendering, name), spec: { template: { spec } } };
}
