import type { CodeTable } from './entry.ts';

/** SLW-GIT-NNN */
export const gitCodes = {} as const satisfies CodeTable;
