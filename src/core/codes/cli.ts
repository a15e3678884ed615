import type { CodeTable } from './entry.ts';

/** SLW-CLI-NNN */
export const cliCodes = {} as const satisfies CodeTable;
