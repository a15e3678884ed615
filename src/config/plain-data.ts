/**
 * From YAML nodes to plain data, refusing whatever two readers may understand differently: duplicate keys, merge keys,
 * tags, YAML 1.1 booleans. Bounded in depth and in what aliases may expand to.
 */
import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type ParsedNode,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { Code } from '../core/codes.ts';

export const MAX_DEPTH = 64;
export const MAX_ALIASED_NODES = 100_000;

export interface NodeFault {
  readonly code: Code;
  readonly message: string;
  readonly fix?: string;
  readonly offset: number;
}

export interface PlainData {
  readonly value: unknown;
  readonly faults: readonly NodeFault[];
  /** Where each alias leads, for finding positions behind it. */
  readonly aliasTargets: ReadonlyMap<Alias, Node>;
}

interface Reading {
  readonly faults: NodeFault[];
  readonly anchors: Map<string, Node>;
  readonly aliasTargets: Map<Alias, Node>;
  /** Anchored nodes being read now: an alias to one of them has no end. */
  readonly open: Set<Node>;
  /** How many aliases we are inside of, and the outermost of them. */
  aliasDepth: number;
  outermost: Alias | undefined;
  aliasedNodes: number;
  depth: number;
}

/** Reads one document's content; never throws. Mappings come as objects, keys as their text. */
export function toPlainData(node: ParsedNode | null): PlainData {
  const reading: Reading = {
    faults: [],
    anchors: new Map(),
    aliasTargets: new Map(),
    open: new Set(),
    aliasDepth: 0,
    outermost: undefined,
    aliasedNodes: 0,
    depth: 0,
  };
  const value = readNode(node, reading);
  return { value, faults: reading.faults, aliasTargets: reading.aliasTargets };
}

/** The text of a mapping key, or undefined when the key is no scalar. Numbers keep their spelling. */
export function keyText(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  return key.type === 'PLAIN' && key.source !== undefined ? key.source : String(key.value);
}

function readNode(node: unknown, reading: Reading): unknown {
  if (isAlias(node)) return readAlias(node, reading);
  if (isScalar(node)) return readScalar(node, reading);
  if (!isMap(node) && !isSeq(node)) return null;
  if (countAliased(reading)) return null;
  if (reading.depth >= MAX_DEPTH)
    return fault(reading, node, { code: 'SLW-CFG-010', message: `the data nests deeper than ${MAX_DEPTH} levels` });
  return readCollection(node, reading);
}

function readCollection(node: YAMLMap | YAMLSeq, reading: Reading): unknown {
  anchor(node, reading);
  reading.open.add(node);
  reading.depth++;
  const value = isMap(node) ? readMap(node, reading) : node.items.map((item) => readNode(item, reading));
  reading.depth--;
  reading.open.delete(node);
  return value;
}

function readMap(map: YAMLMap, reading: Reading): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  const seen = new Map<string, Pair>();
  for (const pair of map.items) {
    const key = readKey(pair, map, reading);
    if (key === undefined) continue;
    if (seen.has(key)) fault(reading, pair.key, { code: 'SLW-CFG-009', message: `key "${key}" stands twice in this mapping` });
    else record[key] = readNode(pair.value, reading);
    seen.set(key, pair);
  }
  return record;
}

function readKey(pair: Pair, map: YAMLMap, reading: Reading): string | undefined {
  const key = keyText(pair.key);
  if (key === undefined) {
    const fix = 'a key is plain text; for a reference write {env: NAME} with single braces, for text with braces put quotes around it';
    fault(reading, pair.key ?? map, { code: 'SLW-CFG-011', message: 'a mapping or list is used as a key', fix });
  } else if (key === '<<') fault(reading, pair.key, { code: 'SLW-CFG-011', message: 'the merge key << is not read' });
  else if (key === '__proto__') fault(reading, pair.key, { code: 'SLW-CFG-012', message: 'unknown key "__proto__"' });
  else if (key === '' || (pair.key as Scalar).value === null) fault(reading, pair.key, { code: 'SLW-CFG-015', message: 'a key is empty' });
  else {
    readScalar(pair.key as Scalar, reading);
    return key;
  }
  return undefined;
}

function readAlias(alias: Alias, reading: Reading): unknown {
  const target = reading.aliasTargets.get(alias) ?? reading.anchors.get(alias.source);
  if (target === undefined)
    return fault(reading, alias, { code: 'SLW-CFG-005', message: `alias *${alias.source} has no anchor &${alias.source} above it` });
  if (reading.open.has(target))
    return fault(reading, alias, { code: 'SLW-CFG-008', message: `anchor &${alias.source} contains an alias to itself` });
  reading.aliasTargets.set(alias, target);
  if (reading.aliasDepth === 0) reading.outermost = alias;
  reading.aliasDepth++;
  const value = readNode(target, reading);
  reading.aliasDepth--;
  return value;
}

/** True when aliases have expanded to more than is allowed; says so once. */
function countAliased(reading: Reading): boolean {
  if (reading.aliasDepth === 0) return false;
  reading.aliasedNodes++;
  if (reading.aliasedNodes === MAX_ALIASED_NODES)
    fault(reading, reading.outermost, { code: 'SLW-CFG-008', message: `aliases expand to more than ${MAX_ALIASED_NODES} nodes` });
  return reading.aliasedNodes >= MAX_ALIASED_NODES;
}

function readScalar(scalar: Scalar, reading: Reading): unknown {
  if (countAliased(reading)) return null;
  anchor(scalar, reading);
  if (reading.aliasDepth > 0) return scalar.value;
  const trap = scalar.type === 'PLAIN' && scalar.tag === undefined ? findTrap(scalar.source ?? '') : undefined;
  if (trap) fault(reading, scalar, { code: 'SLW-CFG-014', ...trap });
  return scalar.value;
}

function anchor(node: Scalar | YAMLMap | YAMLSeq, reading: Reading): void {
  if (node.anchor !== undefined && reading.aliasDepth === 0) reading.anchors.set(node.anchor, node);
}

interface Trap {
  readonly message: string;
  readonly fix: string;
}

const TRAPS: readonly { readonly pattern: RegExp; readonly reads: string; readonly otherwise?: (text: string) => string }[] = [
  {
    pattern: /^(?:yes|no|on|off)$/i,
    reads: 'a boolean for YAML 1.1 and text for YAML 1.2',
    otherwise: (text) => `${/^(?:yes|on)$/i.test(text)} if a boolean is meant`,
  },
  { pattern: /^[-+]?0[0-9_]+$/, reads: 'an octal number for YAML 1.1 and a decimal number for YAML 1.2' },
  { pattern: /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/, reads: 'a base-60 number for YAML 1.1 and text for YAML 1.2' },
  { pattern: /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?$/, reads: 'a date for YAML 1.1 and text for YAML 1.2' },
];

// The table is of YAML 1.1's types: https://yaml.org/type/ (bool, int, float, timestamp).
function findTrap(text: string): Trap | undefined {
  const trap = TRAPS.find(({ pattern }) => pattern.test(text));
  if (!trap) return undefined;
  const otherwise = trap.otherwise ? `, or ${trap.otherwise(text)}` : '';
  return { message: `${text} without quotes is ${trap.reads}`, fix: `write "${text}" if text is meant${otherwise}` };
}

function fault(reading: Reading, node: unknown, what: Omit<NodeFault, 'offset'>): null {
  reading.faults.push({ ...what, offset: (node as Node | null)?.range?.[0] ?? 0 });
  return null;
}
