/**
 * Flux on a cluster as Slipway sees it: its components, what it is told to apply, and the wait that explains itself.
 * Knows clusters only through a KubeClient, and nothing of how they came to be.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Host } from '../host/host.ts';
import type { KubeObject } from '../kube/types.ts';
import { SlipwayError } from '../core/errors.ts';
import { marked } from '../kube/ownership.ts';

const FILE = join(dirname(fileURLToPath(import.meta.url)), 'components', 'v2.9.json');

export interface FluxComponents {
  /** The Flux distribution's version, `v2.9`. */
  readonly version: string;
  /** Version of each controller, by name. */
  readonly controllers: Readonly<Record<string, string>>;
  readonly objects: readonly KubeObject[];
}

interface ComponentList {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly items: readonly KubeObject[];
}

/** The component manifests that ship with Slipway, rendered from the pinned modules by scripts/generate-flux-components.ts. */
export async function loadComponents(host: Host): Promise<FluxComponents> {
  const text = await host.files.readText(FILE);
  if (text === undefined) throw new SlipwayError('SLW-BUG-001', `the Flux component manifests are missing at ${FILE}`);
  const { metadata, items } = JSON.parse(text) as ComponentList;
  const { header: _header, flux = '', ...controllers } = metadata.annotations;
  return { version: flux, controllers, objects: items };
}

/** The objects with our mark, as they are applied. */
export function componentObjects(components: FluxComponents, owner: string): readonly KubeObject[] {
  return components.objects.map((object) => marked(object, owner));
}
