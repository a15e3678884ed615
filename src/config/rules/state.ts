/** Where state is kept: the settings of the backend that was chosen, and of no other. */
import type { SlipwayError } from '../../core/errors.ts';
import type { Unit } from '../document.ts';
import { error, valueAt } from '../shape-faults.ts';

/** Works on unjudged data, so that these faults are found together with those of shape. */
export function checkState(unit: Unit): readonly SlipwayError[] {
  if (unit.kind !== 'Project') return [];
  const path = ['spec', 'state'];
  const field = (name: string): unknown => valueAt(unit.document.value, [...path, name]);
  const backend = field('backend') ?? 'local';
  const hasBlock = field('s3') !== undefined;
  if (backend === 's3' && !hasBlock)
    return [error('SLW-CFG-015', 'spec.state.s3 is missing', { context: unit, path, fix: 'add s3: {region: REGION}' })];
  const extra = backend === 'local' ? 's3' : 'passphrase';
  if (backend !== 'local' && backend !== 's3') return [];
  if (field(extra) === undefined) return [];
  const message = `spec.state.${extra} is given, but the backend is ${String(backend)}`;
  return [error('SLW-CFG-055', message, { context: unit, path: [...path, extra], part: 'key' })];
}
