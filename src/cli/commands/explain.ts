/** `slipway explain CODE|FIELD`: what an outcome code means and what to do; what a field of the project file takes. */
import { codes, isCode } from '../../core/codes.ts';
import { SlipwayError } from '../../core/errors.ts';
import { exitMeanings } from '../../core/exits.ts';
import { closest } from '../../core/ids.ts';
import type { CommandRun, Session } from '../context.ts';
import type { GlobalFlags } from '../flags.ts';
import { wrap } from '../render/tree.ts';

const RETRY_WORDS = {
  no: 'the same again fails again',
  backoff: 'trying again later may help; Slipway does so within its bounds',
  'after-user': 'a person must act first',
} as const;

const run: CommandRun<GlobalFlags, readonly [string?]> = async (session, _flags, [topic]) => {
  if (topic === undefined) listCodes(session);
  else if (/^slw-/i.test(topic)) explainCode(session, topic);
  else await explainFieldOf(session, topic);
  return 0;
};

/** The kinds are loaded only here: a code is explained without them. */
async function explainFieldOf(session: Session, topic: string): Promise<void> {
  const { explainField, explanationLines } = await import('../../config/explain.ts');
  const field = explainField(topic);
  session.result('field', field, explanationLines(field));
}

function listCodes(session: Session): void {
  const rows = Object.entries(codes).sort(([a], [b]) => (a < b ? -1 : 1));
  session.result(
    'codes',
    Object.fromEntries(rows),
    rows.map(([code, entry]) => `${code}  ${entry.title}`),
  );
}

function explainCode(session: Session, topic: string): void {
  const code = topic.toUpperCase();
  if (!isCode(code)) throw unknownTopic(topic);
  const entry = codes[code];
  const lines = [
    `${session.paint('strong', code)}: ${entry.title}`,
    '',
    ...wrap(entry.explain, 100),
    '',
    `fix: ${entry.fix}`,
    `exit: ${entry.exit} (${exitMeanings[entry.exit]})`,
    `retry: ${RETRY_WORDS[entry.retry]}`,
  ];
  session.result('code', { code, ...entry }, lines);
}

function unknownTopic(topic: string): SlipwayError {
  const near = closest(topic.toUpperCase(), Object.keys(codes));
  return new SlipwayError('SLW-CLI-005', `nothing is known about "${topic}"`, near === undefined ? {} : { fix: `did you mean ${near}?` });
}

export default run;
