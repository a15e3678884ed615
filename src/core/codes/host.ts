import type { CodeTable } from './entry.ts';

/** SLW-HST-NNN */
export const hostCodes = {} as const satisfies CodeTable;
