/** Ranges of addresses inside one cluster: each a range, and none over another. */
import type { SlipwayError } from '../../core/errors.ts';
import { type Cidr, overlaps, parseCidr } from '../cidr.ts';
import type { Unit } from '../document.ts';
import { fieldAt } from '../field-tree.ts';
import { error, showField, showValue, valueAt } from '../shape-faults.ts';
import type { FieldPath } from '../source.ts';

interface Range {
  readonly path: FieldPath;
  readonly text: string;
  readonly cidr: Cidr;
}

interface Place {
  readonly path: FieldPath;
  /** The range exists only when this block is there. */
  readonly block?: FieldPath;
  /** … and not when this field is. */
  readonly unless?: FieldPath;
}

const PLACES: readonly Place[] = [
  { path: ['spec', 'capi', 'network', 'podCidr'] },
  { path: ['spec', 'capi', 'network', 'serviceCidr'] },
  {
    path: ['spec', 'capi', 'openstack', 'nodeCidr'],
    block: ['spec', 'capi', 'openstack'],
    unless: ['spec', 'capi', 'openstack', 'network'],
  },
  { path: ['spec', 'capi', 'aws', 'vpcCidr'], block: ['spec', 'capi', 'aws'], unless: ['spec', 'capi', 'aws', 'vpc'] },
];

export function checkNetworks(unit: Unit): readonly SlipwayError[] {
  if (valueAt(unit.document.value, ['spec', 'provisioner']) !== 'capi') return [];
  const errors: SlipwayError[] = [];
  const ranges: Range[] = [];
  for (const path of PLACES.filter((place) => isThere(unit, place)).map((place) => place.path)) {
    const written = valueAt(unit.document.value, path);
    const text = written ?? fieldAt(unit.root, path)?.default;
    if (typeof text !== 'string') continue;
    const cidr = parseCidr(text);
    if (cidr) ranges.push({ path, text, cidr });
    else errors.push(noRange(unit, path, text));
  }
  return [...errors, ...findOverlaps(unit, ranges)];
}

function isThere({ document }: Unit, { block, unless }: Place): boolean {
  const has = (path: FieldPath) => valueAt(document.value, path) !== undefined;
  return (block === undefined || has(block)) && (unless === undefined || !has(unless));
}

function noRange(unit: Unit, path: FieldPath, text: string): SlipwayError {
  return error('SLW-CFG-047', `${showField(path)} is ${showValue(text)}, which is no range of addresses`, { context: unit, path });
}

function findOverlaps(unit: Unit, ranges: readonly Range[]): readonly SlipwayError[] {
  return ranges.flatMap((second, i) =>
    ranges
      .slice(0, i)
      .filter((first) => overlaps(first.cidr, second.cidr))
      .map((first) => overlap(unit, first, second)),
  );
}

/** Said at the field that is written; a default can be left alone. */
function overlap(unit: Unit, first: Range, second: Range): SlipwayError {
  const isWritten = (range: Range) => valueAt(unit.document.value, range.path) !== undefined;
  const path = isWritten(second) || !isWritten(first) ? second.path : first.path;
  const message = `${showField(second.path)} ${second.text} overlaps ${showField(first.path)} ${first.text}`;
  return error('SLW-CFG-048', message, { context: unit, path });
}
