import type { CodeTable } from './entry.ts';

/** SLW-LOC-NNN */
export const controlPlaneCodes = {} as const satisfies CodeTable;
