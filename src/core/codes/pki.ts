import type { CodeTable } from './entry.ts';

/** SLW-PKI-NNN */
export const pkiCodes = {} as const satisfies CodeTable;
