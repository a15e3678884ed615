/** Hooks are told apart by their names in plans and journals. */
import type { SlipwayError } from '../../core/errors.ts';
import type { Unit } from '../document.ts';
import { HOOK_MOMENTS } from '../kinds/hooks.ts';
import { error, valueAt } from '../shape-faults.ts';

/** Works on unjudged data, so that these faults are found together with those of shape. */
export function checkHookNames(unit: Unit): readonly SlipwayError[] {
  return HOOK_MOMENTS.flatMap((moment) => {
    const path = ['spec', 'hooks', moment];
    const hooks = valueAt(unit.document.value, path);
    if (!Array.isArray(hooks)) return [];
    const seen = new Set<unknown>();
    return hooks.flatMap((hook: unknown, i) => {
      const name = valueAt(hook, ['name']);
      if (!seen.has(name)) return (seen.add(name), []);
      return [error('SLW-HOK-003', `two hooks of ${moment} are called "${String(name)}"`, { context: unit, path: [...path, i, 'name'] })];
    });
  });
}
