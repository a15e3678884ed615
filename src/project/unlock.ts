/** `slipway unlock`: frees the lock of an owner that is gone for good. */
import { ownerName, unlock } from '../engine/lock.ts';
import type { OperationOptions } from './operations.ts';
import { unlockRemoteState } from './remote.ts';
import { findProjectOrState } from './workspace.ts';

/** `confirm` is the owner's name as the lock shows it. @throws SLW-STA-009, SLW-STA-010, SLW-RST-002 */
export async function unlockProject(
  options: OperationOptions & { readonly confirm: string },
): Promise<{ readonly owner: string | undefined }> {
  const { confirm, host } = options;
  const place = await findProjectOrState(options);
  const local = await unlock(host, place.stateDir, confirm);
  const remote = await unlockRemoteState(options, { place, confirm });
  return { owner: remote ?? (local && ownerName(local)) };
}
