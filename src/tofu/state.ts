/** A state as tofu keeps it (version 4), as far as recovery must know it. Values are never kept: they may be secret. */
import { SlipwayError } from '../core/errors.ts';

export interface StateResource {
  readonly address: string;
  readonly type: string;
  /** The provider's id, where there is an attribute of that name. */
  readonly id?: string;
  readonly isTainted: boolean;
}

export interface StateView {
  readonly lineage: string;
  readonly serial: number;
  /** Managed ones; data sources are left out. */
  readonly resources: readonly StateResource[];
}

interface RawInstance {
  readonly index_key?: string | number;
  readonly status?: string;
  readonly deposed?: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

interface RawResource {
  readonly module?: string;
  readonly mode?: string;
  readonly type?: string;
  readonly name?: string;
  readonly instances?: readonly RawInstance[];
}

/** From what `state pull` prints; nothing printed is an empty state. @throws SLW-TOF-015 */
export function readState(text: string): StateView {
  if (text.trim() === '') return { lineage: '', serial: 0, resources: [] };
  const state = parse(text);
  return {
    lineage: typeof state['lineage'] === 'string' ? state['lineage'] : '',
    serial: typeof state['serial'] === 'number' ? state['serial'] : 0,
    resources: ((state['resources'] ?? []) as readonly RawResource[]).filter(({ mode }) => mode === 'managed').flatMap(toResources),
  };
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    throw new SlipwayError('SLW-TOF-015', 'what tofu gives as its state is no JSON');
  }
}

function toResources({ module, type = '', name = '', instances = [] }: RawResource): readonly StateResource[] {
  const base = `${module === undefined ? '' : `${module}.`}${type}.${name}`;
  return instances
    .filter(({ deposed }) => deposed === undefined)
    .map(({ index_key: key, status, attributes }) => ({
      address: key === undefined ? base : `${base}[${JSON.stringify(key)}]`,
      type,
      ...(typeof attributes?.['id'] === 'string' && { id: attributes['id'] }),
      isTainted: status === 'tainted',
    }));
}
