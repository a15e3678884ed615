import type { PlanData } from '../engine/plan-data.ts';
import type { PlanOptions } from './operations.ts';

export function planProject(_options: PlanOptions): Promise<PlanData> {
  throw new Error('being built');
}
