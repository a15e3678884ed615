/** How one type behaves in the account, as data and small functions; `account.ts` applies them. */
import { AwsFailure } from './failure.ts';
import type { Attributes, Resource, Store } from './store.ts';

/** In one region. AWS' defaults: five of each. */
export interface Quotas {
  readonly vpcs: number;
  readonly addresses: number;
}

export interface World {
  readonly store: Store;
  readonly region: string;
  readonly quotas: Quotas;
  readonly clusterApi: { readonly endpoint: string; readonly certificateAuthority: string };
  /** `arn:aws:SERVICE:REGION:ACCOUNT:REST`. */
  arn(service: string, rest: string): string;
  /** Like `arn`, of a global service. */
  globalArn(service: string, rest: string): string;
  /** Makes something that belongs to another resource. */
  make(
    type: string,
    attributes: Attributes,
    how: { readonly id?: string; readonly hidden?: boolean; readonly origin?: Resource['origin'] },
  ): Resource;
  /** Takes it away with what goes along, whatever depends on it. */
  unmake(type: string, id: string): void;
}

export interface Kind {
  readonly service: string;
  /** As error sentences name it: `EC2 VPC`. */
  readonly label: string;
  /** API actions: create, read, update, delete. */
  readonly actions: readonly [string, string, string, string];
  /** `vpc` for `vpc-0123…`, or made from what is asked. */
  readonly id: string | ((world: World, attributes: Attributes) => string);
  /** What AWS tells at creation. */
  readonly computed?: (world: World, attributes: Attributes, id: string) => Attributes;
  /** Path → what it points to: type, optionally `#attribute` (the id otherwise). It must be there, and cannot go before this does. */
  readonly refs?: Readonly<Record<string, string>>;
  /** Those of refs that do not hold their target: it may go first. */
  readonly loose?: readonly string[];
  /** Those of refs whose target takes this along. */
  readonly along?: readonly string[];
  /** Two with the same values here cannot be; with the code AWS gives. */
  readonly unique?: readonly [code: string, ...paths: string[]];
  readonly check?: (world: World, attributes: Attributes, id: string | undefined) => void;
  readonly made?: (world: World, resource: Resource) => void;
  readonly changed?: (world: World, resource: Resource, before: Attributes) => void;
  /** Says why it cannot go. */
  readonly held?: (world: World, resource: Resource) => string | undefined;
  readonly gone?: (world: World, resource: Resource) => void;
  /** What AWS answers when others depend on it. */
  readonly heldCode?: string;
  /** What a missing one is called; `NotFoundException` otherwise. */
  readonly missingCode?: string;
  /** Seconds that AWS takes, by its documentation or common experience: create, update, delete. */
  readonly seconds?: readonly [number, number, number];
  /** How `import` names it, when that is not the id. */
  readonly importId?: (attributes: Attributes) => string;
  /** Belongs to another that was there before; deleting it leaves nothing to list. */
  readonly adopted?: boolean;
}

export type Kinds = Readonly<Record<string, Kind>>;

export function refuse(code: string, message: string): never {
  throw new AwsFailure(code, message);
}

/** What `create.Name` of the provider does with name and name_prefix. */
export function nameOf(world: World, attributes: Attributes, stem = 'name'): string {
  const given = attributes[stem];
  if (typeof given === 'string' && given !== '') return given;
  const prefix = attributes[`${stem}_prefix`];
  return `${typeof prefix === 'string' && prefix !== '' ? prefix : 'terraform-'}${world.store.hex(26)}`;
}
