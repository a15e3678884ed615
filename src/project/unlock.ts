/** `slipway unlock`: frees the lock of an owner that is gone for good. */
import { ownerName, unlock } from '../engine/lock.ts';
import type { OperationOptions } from './operations.ts';
import { findProjectOrState } from './workspace.ts';

/** `confirm` is the owner's name as the lock shows it. @throws SLW-STA-009, SLW-STA-010 */
export async function unlockProject(
  options: OperationOptions & { readonly confirm: string },
): Promise<{ readonly owner: string | undefined }> {
  const { stateDir } = await findProjectOrState(options);
  const owner = await unlock(options.host, stateDir, options.confirm);
  return { owner: owner && ownerName(owner) };
}
