/** The infrastructure providers a definition can be rendered for. */
import type { Infrastructure, InfrastructureRenderer, Rendering } from '../rendering.ts';
import { aws } from './aws.ts';
import { dev, docker } from './dev.ts';
import { local } from './local.ts';
import { openstack } from './openstack.ts';
import { vsphere } from './vsphere.ts';

const renderers: { readonly [I in Infrastructure]: InfrastructureRenderer<I> } = { local, dev, docker, openstack, aws, vsphere };

/** The renderer of the cluster's own infrastructure, whose rendering therefore fits. */
export function rendererOf({ cluster }: Pick<Rendering, 'cluster'>): InfrastructureRenderer {
  return renderers[cluster.capi.infrastructure] as unknown as InfrastructureRenderer;
}
