import type { CodeTable } from './entry.ts';

/** SLW-STA-NNN */
export const stateCodes = {} as const satisfies CodeTable;
