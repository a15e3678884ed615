/**
 * Who may let a plan act. `--yes` accepts what destroys nothing; each destroyed thing wants its name, typed or by
 * `--confirm`; the project's name covers a whole `down`. Without a terminal a missing consent is an error before acting.
 */
import { SlipwayError } from '../core/errors.ts';
import type { Confirm, ConfirmRequest } from '../project/operations.ts';
import type { Session } from './context.ts';
import type { ConsentFlags } from './flags.ts';
import { hasChanges, planLines } from './render/plan-text.ts';

export interface Consent {
  readonly confirm: Confirm;
  /** Whether a person said no; the command then ends with one calm line and exit 1. */
  declined(): boolean;
}

export function createConsent(session: Session, flags: ConsentFlags): Consent {
  let declined = false;
  const confirm: Confirm = async (request) => {
    const granted = await decide(session, flags, request);
    declined = !granted;
    return granted;
  };
  return { confirm, declined: () => declined };
}

function coversDown({ plan }: ConfirmRequest, given: readonly string[]): boolean {
  return plan.verb === 'down' && given.includes(plan.project);
}

/** Names that are still to be typed. */
export function missingNames(request: ConfirmRequest, given: readonly string[]): readonly string[] {
  if (coversDown(request, given)) return [];
  return [...new Set(request.destroys)].filter((name) => !given.includes(name));
}

async function decide(session: Session, flags: ConsentFlags, request: ConfirmRequest): Promise<boolean> {
  if (!hasChanges(request.plan)) return true;
  const given = flags.confirm ?? [];
  const missing = missingNames(request, given);
  const granted = missing.length === 0 && (flags.yes || request.destroys.length > 0 || coversDown(request, given));
  showPlan(session, request);
  if (granted) return true;
  if (session.mode === 'json' || !session.terminal.canPrompt) throw refusal(request, missing);
  return missing.length > 0 ? askNames(session, request, missing) : askYes(session);
}

function showPlan(session: Session, { plan }: ConfirmRequest): void {
  if (session.mode === 'json') return;
  session.suspend();
  session.say(...planLines(plan, session.paint), '');
}

function refusal({ plan }: ConfirmRequest, missing: readonly string[]): SlipwayError {
  if (missing.length === 0) {
    return new SlipwayError(
      'SLW-CLI-003',
      `${plan.verb} of ${plan.project} would change ${plan.steps.filter((step) => step.change.kind !== 'none').length} things and nobody can be asked`,
      consentFix(plan),
    );
  }
  const fix =
    plan.verb === 'down' && missing.length > 1
      ? `add --confirm ${plan.project}`
      : `add ${missing.map((name) => `--confirm ${name}`).join(' ')}`;
  return new SlipwayError('SLW-CLI-004', `this would destroy ${missing.join(', ')}, and that was not confirmed by name`, {
    fix,
    data: { missing },
  });
}

/** For `up` the registry's own advice fits. */
function consentFix({ verb, project }: ConfirmRequest['plan']): { readonly fix?: string } {
  return verb === 'down' ? { fix: `add --confirm ${project}, or --yes` } : {};
}

async function askYes(session: Session): Promise<boolean> {
  const answer = await session.terminal.ask('Do this? [y/N] ', session.signal);
  return /^y(es)?$/i.test(answer?.trim() ?? '');
}

/** One typed name is enough for a whole `down`: the project's. */
async function askNames(session: Session, { plan }: ConfirmRequest, missing: readonly string[]): Promise<boolean> {
  if (plan.verb === 'down' && missing.length > 1) return askName(session, plan.project, 'all of this');
  for (const name of missing) {
    if (!(await askName(session, name, name))) return false;
  }
  return true;
}

async function askName(session: Session, name: string, what: string): Promise<boolean> {
  const answer = await session.terminal.ask(`Type ${name} to destroy ${what}: `, session.signal);
  return answer?.trim() === name;
}
