import type { OperationOptions, ValidateResult } from './operations.ts';

export function validateProject(_options: OperationOptions): Promise<ValidateResult> {
  throw new Error('being built');
}
