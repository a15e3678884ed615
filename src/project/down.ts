import type { DownOptions, OperationResult } from './operations.ts';

export function downProject(_options: DownOptions): Promise<OperationResult> {
  throw new Error('being built');
}
