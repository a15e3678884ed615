/** How a verb of the pivot ends: its summary on stdout, its exit code, one calm line when a person said no. */
import type { PivotOutcome, PivotVerb } from '../project/pivot.ts';
import type { Session } from './context.ts';

export function finishPivot(session: Session, verb: PivotVerb, { status, exit, summary, pivot }: PivotOutcome): number {
  session.result('pivot', { verb, status, exit, summary, pivot }, summary);
  if (status === 'cancelled') session.say('Nothing was changed.');
  return exit;
}
