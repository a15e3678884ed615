import type { CodeTable } from './entry.ts';

/** SLW-FLX-NNN */
export const fluxCodes = {} as const satisfies CodeTable;
