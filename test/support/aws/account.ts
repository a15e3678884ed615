/**
 * The account: creates, reads, changes and deletes by the rules of each kind. Whoever calls (the provider or our own code over an API),
 * the same rules hold. Knows no HTTP.
 */
import { AwsFailure } from './failure.ts';
import type { Kind, Kinds, Quotas, World } from './kind.ts';
import { COMPUTE_KINDS } from './kinds-compute.ts';
import { EKS_KINDS, writeLogs } from './kinds-eks.ts';
import { NETWORK_KINDS } from './kinds-network.ts';
import { SECURITY_KINDS } from './kinds-security.ts';
import { STORAGE_KINDS } from './kinds-storage.ts';
import { type Attributes, type Origin, type Resource, type Store, text, valuesAt } from './store.ts';

export const KINDS: Kinds = { ...NETWORK_KINDS, ...SECURITY_KINDS, ...COMPUTE_KINDS, ...EKS_KINDS, ...STORAGE_KINDS };

export interface AccountOptions {
  readonly store: Store;
  readonly timesDividedBy?: number;
  readonly quotas: Quotas;
  readonly clusterApi: { readonly endpoint: string; readonly certificateAuthority: string };
}

export interface Asked {
  readonly type: string;
  readonly attributes: Attributes;
  readonly region: string;
  readonly origin: Origin;
}

export class Account {
  readonly store: Store;
  readonly #options: AccountOptions;

  constructor(options: AccountOptions) {
    this.store = options.store;
    this.#options = options;
  }

  kind(type: string): Kind {
    const kind = KINDS[type];
    if (!kind) throw new AwsFailure('NotImplemented', `the test bed knows no ${type}: add it to test/support/aws`, 501);
    return kind;
  }

  world(region: string): World {
    const { store } = this;
    const world: World = {
      store,
      region,
      quotas: this.#options.quotas,
      clusterApi: this.#options.clusterApi,
      arn: (service, rest) => `arn:aws:${service}:${region}:${store.accountId}:${rest}`,
      globalArn: (service, rest) => `arn:aws:${service}::${store.accountId}:${rest}`,
      make: (type, attributes, { id, hidden, origin }) => {
        const kind = KINDS[type];
        const made = id ?? (typeof kind?.id === 'string' ? `${kind.id}-0${store.hex(16)}` : store.hex(16));
        const told = kind?.computed?.(world, attributes, made) ?? {};
        const resource: Resource = {
          type,
          id: made,
          region,
          origin: origin ?? 'service',
          attributes: { ...merge(attributes, told), id: made },
          ...(hidden === true && { hidden }),
        };
        store.put(resource);
        return resource;
      },
      unmake: (type, id) => this.#take(world, type, id),
    };
    return world;
  }

  #pending(kind: Kind, index: 0 | 1 | 2): number {
    const divisor = this.#options.timesDividedBy;
    return divisor === undefined ? 0 : Math.round(((kind.seconds ?? [1, 1, 1])[index] * 1000) / divisor);
  }

  create({ type, attributes, region, origin }: Asked): Resource {
    const kind = this.kind(type);
    const world = this.world(region);
    this.#checkReferences(kind, attributes);
    this.#checkUnique(type, kind, attributes);
    kind.check?.(world, attributes, undefined);
    const id = typeof kind.id === 'string' ? `${kind.id}-0${this.store.hex(16)}` : kind.id(world, attributes);
    if (id === '') throw new AwsFailure('InvalidParameterValue', `${kind.label}: nothing to name it by`);
    const told = kind.computed?.(world, attributes, id) ?? {};
    const resource: Resource = {
      type,
      id,
      region,
      origin,
      attributes: { ...merge(attributes, told), id, region },
      ...(kind.adopted === true && { hidden: true }),
    };
    const pending = this.#pending(kind, 0);
    if (pending > 0) resource.readyAt = Date.now() + pending;
    this.store.put(resource);
    kind.made?.(world, resource);
    return resource;
  }

  /** `attributes` lies over what there is, null included. */
  update(type: string, id: string, attributes: Attributes): Resource {
    const kind = this.kind(type);
    const resource = this.require(type, id);
    const world = this.world(resource.region);
    const before = structuredClone(resource.attributes);
    const after = { ...before, ...keepTold(attributes, before), id };
    this.#checkReferences(kind, after);
    kind.check?.(world, after, id);
    resource.attributes = after;
    const pending = this.#pending(kind, 1);
    if (pending > 0) resource.readyAt = Date.now() + pending;
    kind.changed?.(world, resource, before);
    return resource;
  }

  /** Ms until it is gone. */
  remove(type: string, id: string, asked: Attributes = {}): number {
    const kind = this.kind(type);
    const resource = this.require(type, id);
    const world = this.world(resource.region);
    // What only the caller's state knows decides too: force_destroy.
    Object.assign(resource.attributes, typeof asked['force_destroy'] === 'boolean' && { force_destroy: asked['force_destroy'] });
    const why = kind.held?.(world, resource) ?? this.#dependent(resource);
    if (why !== undefined) throw new AwsFailure(kind.heldCode ?? 'DependencyViolation', why);
    const pending = this.#pending(kind, 2);
    if (pending > 0) {
      resource.goneAt = Date.now() + pending;
      return pending;
    }
    this.#take(world, type, id);
    this.#afterwards(world, resource);
    return 0;
  }

  /** What AWS does when it notices: a control plane that logs makes its group again. */
  #afterwards(world: World, removed: Resource): void {
    if (removed.type !== 'aws_cloudwatch_log_group') return;
    for (const cluster of this.store.list('aws_eks_cluster'))
      if (removed.id === `/aws/eks/${cluster.id}/cluster`) writeLogs(world, cluster);
  }

  #take(world: World, type: string, id: string): void {
    const resource = this.store.get(type, id);
    if (!resource) return;
    this.store.drop(type, id);
    KINDS[type]?.gone?.(world, resource);
    for (const other of this.#referrers(resource)) if (other.along) this.#take(world, other.resource.type, other.resource.id);
  }

  /** Removal whatever depends on it, as somebody's hand in the console would after clearing the way. */
  vanish(type: string, id: string): void {
    const resource = this.require(type, id);
    this.#take(this.world(resource.region), type, id);
  }

  get(type: string, id: string): Resource | undefined {
    this.settle();
    return this.store.get(type, id);
  }

  /** @throws the kind's own code for what is missing */
  require(type: string, id: string): Resource {
    const found = this.get(type, id);
    if (found) return found;
    const kind = this.kind(type);
    throw new AwsFailure(kind.missingCode ?? 'NotFoundException', `The ${kind.label} '${id}' does not exist`, 404);
  }

  /** Ends deletions whose time is over. */
  settle(): void {
    const now = Date.now();
    for (const resource of this.store.all()) {
      if (resource.goneAt === undefined || resource.goneAt > now) continue;
      const world = this.world(resource.region);
      this.#take(world, resource.type, resource.id);
      this.#afterwards(world, resource);
    }
  }

  pendingMs(resource: Resource): number {
    const until = resource.goneAt ?? resource.readyAt ?? 0;
    return Math.max(0, until - Date.now());
  }

  find(type: string, importId: string): Resource | undefined {
    const kind = this.kind(type);
    return this.get(type, importId) ?? this.store.list(type).find((one) => kind.importId?.(one.attributes) === importId);
  }

  #checkReferences(kind: Kind, attributes: Attributes): void {
    for (const [path, target] of Object.entries(kind.refs ?? {})) {
      const [type = '', attribute = 'id'] = target.split('#');
      for (const value of valuesAt(attributes, path)) {
        if (typeof value !== 'string' || value === '' || this.#finds(type, attribute, value)) continue;
        const other = this.kind(type);
        throw new AwsFailure(other.missingCode ?? 'InvalidParameterValue', `The ${other.label} '${value}' does not exist`);
      }
    }
  }

  #finds(type: string, attribute: string, value: string): boolean {
    if (attribute !== 'id') return this.store.list(type).some((one) => one.attributes[attribute] === value);
    // `local` and other gateways than ours are not ours to check.
    return this.store.get(type, value) !== undefined || (type === 'aws_internet_gateway' && !value.startsWith('igw-'));
  }

  #checkUnique(type: string, kind: Kind, attributes: Attributes): void {
    const [code, ...paths] = kind.unique ?? [];
    if (code === undefined) return;
    const key = (source: Attributes): string => JSON.stringify(paths.map((path) => source[path] ?? ''));
    const given = paths.some((path) => text(attributes[path]) !== '');
    const other = given && this.store.list(type).find((one) => key(one.attributes) === key(attributes));
    if (other) throw new AwsFailure(code, `${kind.label} ${other.id} already exists`, 409);
  }

  #dependent(resource: Resource): string | undefined {
    const holder = this.#referrers(resource).find(({ holds }) => holds);
    return holder && `${resource.id} has dependencies and cannot be deleted: ${holder.resource.type} ${holder.resource.id}`;
  }

  #referrers(target: Resource): readonly { readonly resource: Resource; readonly holds: boolean; readonly along: boolean }[] {
    return Object.entries(KINDS).flatMap(([type, kind]) =>
      Object.entries(kind.refs ?? {}).flatMap(([path, spec]) => {
        const [wanted, attribute = 'id'] = spec.split('#');
        if (wanted !== target.type) return [];
        const value = attribute === 'id' ? target.id : target.attributes[attribute];
        const along = kind.along?.includes(path) === true;
        const holds = !along && kind.loose?.includes(path) !== true;
        return this.store
          .list(type)
          .filter((one) => !(one.type === target.type && one.id === target.id) && valuesAt(one.attributes, path).includes(value))
          .map((resource) => ({ resource, holds: holds && resource.hidden !== true, along: along || resource.hidden === true }));
      }),
    );
  }

  listed(): readonly Resource[] {
    this.settle();
    return this.store.all().filter((resource) => resource.hidden !== true);
  }
}

/** What was asked wins, but blocks as AWS tells them: with what it filled in. */
function merge(asked: Attributes, told: Attributes): Attributes {
  const filled = Object.entries(told).filter(
    ([name, value]) => isOpen(asked[name]) || (Array.isArray(value) && typeof value[0] === 'object'),
  );
  return { ...asked, ...Object.fromEntries(filled) };
}

const isOpen = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

/** A computed value that the caller left open is not taken away. */
function keepTold(attributes: Attributes, before: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).filter(([name, value]) => value !== null || typeof before[name] !== 'string' || !COMPUTED.has(name)),
  );
}

const COMPUTED = new Set(['arn', 'id', 'owner_id', 'region']);
