import type { CodeTable } from './entry.ts';

/** SLW-KUB-NNN */
export const kubeCodes = {} as const satisfies CodeTable;
