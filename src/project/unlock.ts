import type { OperationOptions } from './operations.ts';

/** Frees the lock of an owner that is gone for good; `confirm` is the owner's name as the lock shows it. */
export function unlockProject(_options: OperationOptions & { readonly confirm: string }): Promise<{ readonly owner: string | undefined }> {
  throw new Error('being built');
}
