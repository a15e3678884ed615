/** What an apply would change, where webhooks may be away for a moment: their controllers are started later in the same run. */
import { diffDefinitions } from '../../capi/definitions/write.ts';
import { isSlipwayError, type SlipwayError, SlipwayErrors } from '../../core/errors.ts';
import type { ObjectDiff } from '../../kube/diff.ts';
import type { KubeClient, KubeObject } from '../../kube/types.ts';

/** No answer from a webhook, or none from the server itself. */
const AWAY = new Set<string>(['SLW-KUB-016', 'SLW-KUB-001']);

/** Undefined while a webhook that judges the objects cannot be asked. @throws what is said against an object otherwise */
export async function patientDiff(
  client: KubeClient,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<readonly ObjectDiff[] | undefined> {
  try {
    return await diffDefinitions(client, objects, { force: true, signal });
  } catch (thrown) {
    const errors = errorsIn(thrown);
    if (errors.length > 0 && errors.every(({ code }) => AWAY.has(code))) return undefined;
    throw thrown;
  }
}

function errorsIn(thrown: unknown): readonly SlipwayError[] {
  if (thrown instanceof SlipwayErrors) return thrown.errors;
  return isSlipwayError(thrown) ? [thrown] : [];
}
