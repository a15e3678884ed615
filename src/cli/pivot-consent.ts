/** Who may let a pivot act: `--yes` for what can be taken back, the typed name of the source for giving it up. */
import { SlipwayError } from '../core/errors.ts';
import type { PivotConfirm, PivotConfirmRequest, PivotVerb } from '../project/pivot.ts';
import type { Session } from './context.ts';
import { pivotPlanLines, pivotStatusLines } from './render/pivot-text.ts';

export interface PivotConsentFlags {
  readonly verbose: boolean;
  readonly yes?: boolean;
  readonly confirm?: readonly string[];
}

export function createPivotConsent(session: Session, flags: PivotConsentFlags): PivotConfirm {
  return async (request) => {
    const missing = request.destroys.filter((name) => !(flags.confirm ?? []).includes(name));
    const granted = request.destroys.length > 0 ? missing.length === 0 : flags.yes === true;
    show(session, request, flags.verbose);
    if (granted) return true;
    if (session.mode === 'json' || !session.terminal.canPrompt) throw refusal(request, missing);
    return missing.length > 0 ? askName(session, missing[0] ?? '') : askYes(session, QUESTIONS[request.verb]);
  };
}

function show(session: Session, { plan, status }: PivotConfirmRequest, verbose: boolean): void {
  if (session.mode === 'json') return;
  session.suspend();
  session.say(...(plan ? pivotPlanLines(plan, { paint: session.paint, verbose }) : pivotStatusLines(status, session.paint)), '');
}

const QUESTIONS: Readonly<Record<PivotVerb, string>> = {
  run: 'Move them? [y/N] ',
  rollback: 'Go back? [y/N] ',
  retire: 'Give it up? [y/N] ',
};

function refusal({ verb, source, target }: PivotConfirmRequest, missing: readonly string[]): SlipwayError {
  if (missing.length === 0)
    return new SlipwayError('SLW-CLI-003', `pivot ${verb} from ${source} to ${target} would act and nobody can be asked`, {
      fix: `look at it with \`slipway pivot ${verb === 'run' ? 'plan' : 'status'}\`, then add --yes`,
    });
  return new SlipwayError('SLW-CLI-004', `this would give up ${missing.join(', ')}, and that was not confirmed by name`, {
    fix: `add ${missing.map((name) => `--confirm ${JSON.stringify(name)}`).join(' ')}`,
    data: { missing },
  });
}

async function askYes(session: Session, question: string): Promise<boolean> {
  return /^y(es)?$/i.test((await session.terminal.ask(question, session.signal))?.trim() ?? '');
}

async function askName(session: Session, name: string): Promise<boolean> {
  return (await session.terminal.ask(`Type ${name} to give it up: `, session.signal))?.trim() === name;
}
