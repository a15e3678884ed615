import type { CodeTable } from './entry.ts';

/** SLW-ENG-NNN */
export const engineCodes = {} as const satisfies CodeTable;
