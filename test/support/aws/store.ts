/**
 * What is in the account: resources by type and id, and the objects of its buckets. Knows no protocol and no rules of single types;
 * what is under way (creating, deleting) becomes done when somebody looks after its time.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { ObjectStore, type ObjectVersion } from './objects.ts';

export type Attributes = Record<string, unknown>;
export type Origin = 'provider' | 'api' | 'service' | 'planted';

export interface Resource {
  readonly type: string;
  readonly id: string;
  readonly region: string;
  readonly origin: Origin;
  attributes: Attributes;
  /** Comes with another (a VPC's default group): not listed, gone with it. */
  readonly hidden?: boolean;
  /** Epoch ms: create or update is under way until then. */
  readyAt?: number;
  /** Epoch ms: deletion is under way until then. */
  goneAt?: number;
}

interface Saved {
  readonly resources: readonly Resource[];
  readonly objects: readonly (readonly [string, readonly (readonly [string, readonly ObjectVersion[]])[]])[];
  readonly count: number;
}

export class Store {
  readonly accountId: string;
  readonly objects = new ObjectStore();
  readonly #resources = new Map<string, Map<string, Resource>>();
  readonly #file: string | undefined;
  #count = 0;

  constructor(accountId: string, file?: string) {
    this.accountId = accountId;
    this.#file = file;
    if (file !== undefined && existsSync(file)) this.#load(JSON.parse(readFileSync(file, 'utf8')) as Saved);
  }

  #load(saved: Saved): void {
    this.#count = saved.count;
    for (const resource of saved.resources) this.put(resource);
    this.objects.load(saved.objects);
  }

  /** Whole file or none. */
  save(): void {
    if (this.#file === undefined) return;
    const saved: Saved = { resources: this.all(), objects: this.objects.dump(), count: this.#count };
    writeFileSync(`${this.#file}.new`, JSON.stringify(saved));
    renameSync(`${this.#file}.new`, this.#file);
  }

  /** Hex digits that no other call gets, the same in every run that makes the same calls. */
  hex(digits: number): string {
    this.#count += 1;
    return createHash('sha256').update(`${this.#count}`).digest('hex').slice(0, digits);
  }

  number(below: number): number {
    return Number.parseInt(this.hex(8), 16) % below;
  }

  put(resource: Resource): void {
    const ofType = this.#resources.get(resource.type) ?? new Map<string, Resource>();
    this.#resources.set(resource.type, ofType);
    ofType.set(resource.id, resource);
  }

  drop(type: string, id: string): void {
    this.#resources.get(type)?.delete(id);
  }

  get(type: string, id: string): Resource | undefined {
    return this.#resources.get(type)?.get(id);
  }

  list(type: string): readonly Resource[] {
    return [...(this.#resources.get(type)?.values() ?? [])];
  }

  /** First of a type whose attribute has the value. */
  find(type: string, attribute: string, value: unknown): Resource | undefined {
    return this.list(type).find((candidate) => candidate.attributes[attribute] === value);
  }

  all(): readonly Resource[] {
    return [...this.#resources.values()].flatMap((ofType) => [...ofType.values()]);
  }
}

/** Values at a path of names joined by dots, through lists of blocks. */
export function valuesAt(value: unknown, path: string): readonly unknown[] {
  if (path === '') return Array.isArray(value) ? value : [value];
  if (Array.isArray(value)) return value.flatMap((element) => valuesAt(element, path));
  if (typeof value !== 'object' || value === null) return [];
  const [head = '', ...rest] = path.split('.');
  return valuesAt((value as Attributes)[head], rest.join('.'));
}

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The one block of a list of at most one. */
export function blockOf(attributes: Attributes, name: string): Attributes {
  const value = attributes[name];
  return ((Array.isArray(value) ? value[0] : undefined) as Attributes | undefined) ?? {};
}

export function tagsOf(resource: Resource): Readonly<Record<string, string>> {
  const blocks = resource.attributes['tag'];
  if (resource.type === 'aws_autoscaling_group' && Array.isArray(blocks)) {
    return Object.fromEntries((blocks as Attributes[]).map((tag) => [text(tag['key']), text(tag['value'])]));
  }
  return (resource.attributes['tags_all'] ?? {}) as Record<string, string>;
}
