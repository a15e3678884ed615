import type { UpOptions, OperationResult } from './operations.ts';

export function upProject(_options: UpOptions): Promise<OperationResult> {
  throw new Error('being built');
}
