/** A state as tofu keeps it (version 4), as far as recovery must know it. Values are never kept: they may be secret. */
import type { Json } from '../core/digest.ts';
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
  readonly attributes?: Readonly<Record<string, Json>>;
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

export interface StateInstance {
  readonly attributes?: Readonly<Record<string, Json>>;
}

/** One object as the state has it. May hold secrets. */
export function readInstance(text: string, address: string): StateInstance | undefined {
  const { resources = [] } = parse(text) as RawState;
  const instances = resources.flatMap((resource) =>
    (resource.instances ?? []).map((instance) => [addressOf(baseOf(resource), instance.index_key), instance] as const),
  );
  return instances.find(([name]) => name === address)?.[1];
}

export interface Successor {
  readonly address: string;
  readonly instance: StateInstance;
  readonly isTainted: boolean;
  /** Eight hexadecimal digits, under which what is there is kept until it is destroyed. */
  readonly deposedKey: string;
}

/** The object takes the address, and what has it now is left over from a replacement: as tofu itself would have written it. */
export function withSuccessor(text: string, { address, instance, isTainted, deposedKey }: Successor): string {
  const state = parse(text) as RawState;
  const resources = (state.resources ?? []).map((resource) => {
    const base = baseOf(resource);
    const now = (resource.instances ?? []).find(({ deposed, index_key: key }) => deposed === undefined && addressOf(base, key) === address);
    if (!now || resource.mode !== 'managed') return resource;
    const { index_key: key } = now;
    const { status: _, ...taken } = instance as RawInstance;
    const next = {
      ...taken,
      ...(key !== undefined && { index_key: key }),
      ...(isTainted && { status: 'tainted' }),
      create_before_destroy: true,
    };
    const rest = (resource.instances ?? []).map((other) => (other === now ? { ...now, deposed: deposedKey } : other));
    return { ...resource, instances: [next, ...rest] };
  });
  return `${JSON.stringify({ ...state, serial: (state.serial ?? 0) + 1, resources })}\n`;
}

/** A state with those tainted objects alone, to destroy by: nothing depends on them there, nothing else can go. Holds secrets. */
export function onlyTainted(text: string, addresses: ReadonlySet<string>): string {
  const { version, terraform_version, serial, lineage, resources = [] } = parse(text) as RawState;
  const kept = resources.flatMap((resource) => {
    const base = baseOf(resource);
    const instances = (resource.instances ?? []).filter(
      ({ status, deposed, index_key: key }) => status === 'tainted' && deposed === undefined && addresses.has(addressOf(base, key)),
    );
    return resource.mode === 'managed' && instances.length > 0 ? [{ ...resource, instances }] : [];
  });
  return `${JSON.stringify({ version, terraform_version, serial, lineage, outputs: {}, resources: kept })}\n`;
}

interface RawState {
  readonly version?: number;
  readonly terraform_version?: string;
  readonly serial?: number;
  readonly lineage?: string;
  readonly resources?: readonly RawResource[];
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    throw new SlipwayError('SLW-TOF-015', 'what tofu gives as its state is no JSON');
  }
}

const baseOf = ({ module, type = '', name = '' }: RawResource): string => `${module === undefined ? '' : `${module}.`}${type}.${name}`;
const addressOf = (base: string, key: string | number | undefined): string =>
  key === undefined ? base : `${base}[${JSON.stringify(key)}]`;

function toResources(resource: RawResource): readonly StateResource[] {
  const { type = '', instances = [] } = resource;
  return instances
    .filter(({ deposed }) => deposed === undefined)
    .map(({ index_key: key, status, attributes }) => ({
      address: addressOf(baseOf(resource), key),
      type,
      ...(typeof attributes?.['id'] === 'string' && { id: attributes['id'] }),
      isTainted: status === 'tainted',
    }));
}
