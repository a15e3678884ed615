import type { CodeTable } from './entry.ts';

/** SLW-TCH-NNN */
export const toolchainCodes = {} as const satisfies CodeTable;
