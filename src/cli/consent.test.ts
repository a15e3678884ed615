import { describe, expect, it } from 'vitest';
import type { PlanData } from '../engine/plan-data.ts';
import { createConsent } from './consent.ts';
import { createFakeWorld, type FakeOptions } from './fake-terminal.ts';
import type { ConsentFlags, OutputMode } from './flags.ts';
import { emptyPlan, recordedPlan } from './render/recorded-run.ts';
import { runInvocation } from './session.ts';

const harmless: PlanData = { ...recordedPlan, destroys: [] };
const destroying = recordedPlan;
const down: PlanData = { ...recordedPlan, verb: 'down' };
const person = (...answers: readonly string[]): FakeOptions => ({ isTerminal: true, canPrompt: true, answers });

interface Case {
  readonly plan: PlanData;
  readonly flags?: Partial<ConsentFlags>;
  readonly at?: FakeOptions;
  readonly output?: OutputMode;
}

/** `yes`, `no` or the code of the refusal; and what was asked. */
async function decide({ plan, flags = {}, at = {}, output }: Case): Promise<readonly [string, readonly string[]]> {
  const world = createFakeWorld(at);
  let outcome = '';
  await runInvocation(
    {
      command: 'up',
      flags: { noColor: true, verbose: false, ...(output && { output }) },
      run: async (session) => {
        const consent = createConsent(session, { yes: false, ...flags });
        try {
          outcome = (await consent.confirm({ plan, destroys: plan.destroys })) ? 'yes' : 'no';
        } catch (error) {
          outcome = (error as { code: string }).code;
        }
        return 0;
      },
    },
    world,
  );
  return [outcome, world.questions];
}

describe('a plan that destroys nothing', () => {
  it.each([
    ['is accepted by --yes', { plan: harmless, flags: { yes: true } }, 'yes', 0],
    ['is refused where nobody can be asked', { plan: harmless }, 'SLW-CLI-003', 0],
    ['is refused in json although a person sits there', { plan: harmless, at: person('y'), output: 'json' }, 'SLW-CLI-003', 0],
    ['is asked about', { plan: harmless, at: person('y') }, 'yes', 1],
    ['is declined by anything but yes', { plan: harmless, at: person('') }, 'no', 1],
    ['is declined by the end of input', { plan: harmless, at: person() }, 'no', 1],
    ['needs no consent when it is empty', { plan: emptyPlan }, 'yes', 0],
  ] as const)('%s', async (_name, input: Case, outcome, questions) => {
    const [result, asked] = await decide(input);
    expect([result, asked.length]).toEqual([outcome, questions]);
  });
});

describe('a plan that destroys', () => {
  it.each([
    ['is not covered by --yes', { plan: destroying, flags: { yes: true } }, 'SLW-CLI-004', 0],
    ['wants every name', { plan: destroying, flags: { confirm: ['old'] } }, 'SLW-CLI-004', 0],
    ['is accepted with every name', { plan: destroying, flags: { confirm: ['old', 'disk'] } }, 'yes', 0],
    ['is not accepted with the name of the project', { plan: destroying, flags: { confirm: ['demo'] } }, 'SLW-CLI-004', 0],
    ['asks for each name', { plan: destroying, at: person('old', 'disk') }, 'yes', 2],
    ['asks only for what is missing', { plan: destroying, flags: { confirm: ['old'] }, at: person('disk') }, 'yes', 1],
    ['is declined by a wrong name', { plan: destroying, at: person('old', 'disc') }, 'no', 2],
    ['is not accepted with y', { plan: destroying, at: person('y') }, 'no', 1],
  ] as const)('%s', async (_name, input, outcome, questions) => {
    const [result, asked] = await decide(input as Case);
    expect([result, asked.length]).toEqual([outcome, questions]);
  });
});

describe('a whole down', () => {
  it.each([
    ['is covered by the name of the project', { plan: down, flags: { confirm: ['demo'] } }, 'yes', 0],
    ['is covered by every name', { plan: down, flags: { confirm: ['old', 'disk'] } }, 'yes', 0],
    ['asks for the name of the project', { plan: down, at: person('demo') }, 'yes', 1],
    ['is declined by a wrong name', { plan: down, at: person('yes') }, 'no', 1],
    [
      'that destroys nothing is covered by the name of the project too',
      { plan: { ...down, destroys: [] }, flags: { confirm: ['demo'] } },
      'yes',
      0,
    ],
    [
      'that destroys nothing is not covered by another name',
      { plan: { ...down, destroys: [] }, flags: { confirm: ['old'] } },
      'SLW-CLI-003',
      0,
    ],
  ] as const)('%s', async (_name, input, outcome, questions) => {
    const [result, asked] = await decide(input as Case);
    expect([result, asked.length]).toEqual([outcome, questions]);
  });
});
