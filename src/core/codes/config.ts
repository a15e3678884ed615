import type { CodeTable } from './entry.ts';

/** SLW-CFG-NNN */
export const configCodes = {} as const satisfies CodeTable;
