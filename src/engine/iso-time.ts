/** `2026-11-21T04:24:48.123Z` for ms since the epoch, as the injected clock gives them. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
