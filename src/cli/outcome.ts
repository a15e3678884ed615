/** How a verb that acts ends: its summary on stdout, its exit code, one calm line when a person said no. */
import { exits } from '../core/exits.ts';
import type { OperationResult } from '../project/operations.ts';
import type { Consent } from './consent.ts';
import type { Session } from './context.ts';

export interface Outcome {
  readonly result: OperationResult;
  readonly consent: Consent;
}

export function finishOperation(session: Session, verb: 'up' | 'down', { result, consent }: Outcome): number {
  const exit = consent.declined() ? exits.failed : result.exit;
  session.result(verb, { status: result.status, exit, summary: result.summary }, result.summary);
  if (consent.declined()) session.say('Nothing was changed.');
  return exit;
}
