import type { LogsOptions, LogLine } from './operations.ts';

export function clusterLogs(_options: LogsOptions): AsyncIterable<LogLine> {
  throw new Error('being built');
}
