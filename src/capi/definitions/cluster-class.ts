/**
 * The ClusterClass that a cluster follows, and the Cluster that follows it. Class and templates are named by their content: clusters
 * that are alike share one class, and a change makes a new class that the Cluster is moved to. Classes are never changed in place.
 */
import type { Json } from '../../core/digest.ts';
import type { KubeObject } from '../../kube/types.ts';
import { CLUSTER_CLASS } from '../words.ts';
import type { BootstrapRenderer } from './bootstraps/bootstrap.ts';
import { machineLabels } from './bootstraps/node-labels.ts';
import { clusterObject, healthChecks } from './core-objects.ts';
import {
  compact,
  contentName,
  type Fields,
  type InfrastructureRenderer,
  type MachineGroup,
  type Rendering,
  type TypedRef,
} from './rendering.ts';

interface ClassParts {
  readonly infrastructure: InfrastructureRenderer;
  /** Undefined with infrastructure local. */
  readonly bootstrap: BootstrapRenderer | undefined;
  readonly controlPlane: { readonly apiVersion: string; readonly kind: string };
}

/** Templates, the class, and the Cluster, in this order. */
export function renderWithClass(rendering: Rendering, parts: ClassParts): readonly KubeObject[] {
  const templates = new TemplateSet(rendering.cluster.capi.namespace);
  const spec = classSpec(rendering, parts, templates);
  const name = contentName(`slipway-${rendering.cluster.capi.infrastructure}`, spec);
  const clusterClass = { ...CLUSTER_CLASS, metadata: { name, namespace: rendering.cluster.capi.namespace }, spec };
  return [...templates.objects(), clusterClass, clusterObject(rendering, { topology: topology(rendering, name) })];
}

class TemplateSet {
  readonly #byName = new Map<string, KubeObject>();
  readonly #namespace: string;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  add({ apiVersion, kind }: Omit<TypedRef, 'name'>, spec: Fields, annotations?: Readonly<Record<string, string>>): Fields {
    const whole = { template: { ...(annotations && { metadata: { annotations } }), spec } };
    const name = contentName(`slipway-${kind.replace(/Template$/, '').toLowerCase()}`, whole);
    this.#byName.set(`${kind} ${name}`, { apiVersion, kind, metadata: { name, namespace: this.#namespace }, spec: whole });
    return { templateRef: { apiVersion, kind, name } };
  }

  objects(): readonly KubeObject[] {
    return [...this.#byName.values()];
  }
}

function classSpec(rendering: Rendering, parts: ClassParts, templates: TemplateSet): Fields {
  const { infrastructure, controlPlane, bootstrap } = parts;
  const { capi } = rendering.cluster;
  const group: MachineGroup = { role: 'control-plane', machines: capi.controlPlane };
  const node = infrastructure.node(group, rendering);
  const clusterTemplate = { apiVersion: infrastructure.apiVersion, kind: `${infrastructure.clusterKind}Template` };
  const controlPlaneTemplate = { ...controlPlane, kind: `${controlPlane.kind}Template` };
  const machines = machineTemplate(templates, { rendering, infrastructure, group });
  return {
    infrastructure: templates.add(clusterTemplate, infrastructure.clusterSpec(rendering), infrastructure.clusterAnnotations),
    controlPlane: {
      ...templates.add(controlPlaneTemplate, bootstrap?.classSpec(rendering, node) ?? {}),
      ...(machines && { machineInfrastructure: machines }),
    },
    ...(bootstrap && compact({ workers: workerClasses(rendering, { ...parts, bootstrap }, templates) })),
  };
}

interface MachineParts {
  readonly rendering: Rendering;
  readonly infrastructure: InfrastructureRenderer;
  readonly group: MachineGroup;
}

function machineTemplate(templates: TemplateSet, { rendering, infrastructure, group }: MachineParts): Fields | undefined {
  const { apiVersion, machineKind } = infrastructure;
  return machineKind === undefined
    ? undefined
    : templates.add({ apiVersion, kind: machineKind }, infrastructure.machineSpec(group, rendering));
}

function workerClasses(
  rendering: Rendering,
  parts: ClassParts & { readonly bootstrap: BootstrapRenderer },
  templates: TemplateSet,
): Fields {
  const { infrastructure, bootstrap } = parts;
  const machineDeployments = rendering.cluster.capi.workers.map((pool): Json => {
    const group: MachineGroup = { role: 'worker', machines: pool };
    const config = bootstrap.workerConfig(group, rendering, infrastructure.node(group, rendering));
    return {
      class: pool.name,
      bootstrap: templates.add(bootstrap.configTemplate, config),
      infrastructure: machineTemplate(templates, { rendering, infrastructure, group }) ?? {},
    };
  });
  return compact({ machineDeployments });
}

function topology(rendering: Rendering, className: string): Fields {
  const { capi } = rendering.cluster;
  const { controlPlane, workers, kubernetesVersion } = capi;
  const isWithoutMachines = capi.infrastructure === 'local';
  const machineDeployments = workers.map((pool) =>
    compact({
      name: pool.name,
      class: pool.name,
      replicas: pool.replicas,
      failureDomain: pool.failureDomain,
      metadata: compact({ labels: machineLabels(pool.labels) }),
      healthCheck: healthCheckOf({ role: 'worker', machines: pool }),
    }),
  );
  return compact({
    classRef: { name: className },
    version: kubernetesVersion,
    controlPlane: isWithoutMachines
      ? undefined
      : compact({ replicas: controlPlane.replicas, healthCheck: healthCheckOf({ role: 'control-plane', machines: controlPlane }) }),
    workers: compact({ machineDeployments }),
  });
}

function healthCheckOf({ machines }: MachineGroup): Fields {
  return machines.healthCheck ? { enabled: true, ...healthChecks(machines, machines.healthCheck) } : {};
}
