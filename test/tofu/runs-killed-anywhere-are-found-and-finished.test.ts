import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createTofuBed, findReport, MARKING_MODULE, readWorld, type Report, type TofuBed } from '../support/tofu-bed.ts';
import { THOROUGH } from '../support/thorough.ts';

let bed: TofuBed;
afterEach(() => bed.close());

const messageOf = ({ message }: Report): string => (typeof message === 'string' ? message : '');
const says = (pattern: RegExp) => (report: Report) => pattern.test(messageOf(report));
const isType = (type: string) => (report: Report) => report.type === type;

/** Things of one round: enough for a kill to land among them. */
const SIZE = 3;
const namesUpTo = (round: number): readonly string[] => Array.from({ length: (round + 1) * SIZE }, (_, i) => `n${i}`);

type Victim = 'slipway' | 'tofu' | 'both';

const CASES: readonly (readonly [victim: Victim, instant: string, fits: (report: Report) => boolean])[] = [
  ['both', 'as soon as it speaks', () => true],
  ['both', 'when the step is intended', isType('step.intended')],
  ['both', 'when the first thing is begun', says(/^creating /)],
  ['slipway', 'when the first thing is begun', says(/^creating /)],
  ['tofu', 'when the first thing is begun', says(/^creating /)],
  ['both', 'when one thing is made', says(/^created /)],
  ['tofu', 'when one thing is made', says(/^created /)],
  ['slipway', 'when one thing is made', says(/^created /)],
  ['both', 'when it is applied', isType('step.applied')],
];

/** Each victim once, in the middle of its work; the whole table where there is time. */
const SAMPLE = THOROUGH ? CASES : CASES.filter((_, index) => [2, 4, 7].includes(index));

function kill({ child }: { readonly child: { kill(signal: 'SIGKILL'): boolean } }, victim: Victim): boolean {
  if (victim !== 'tofu') child.kill('SIGKILL');
  const pid = victim === 'slipway' ? undefined : bed.tofuPid();
  if (pid === undefined) return victim !== 'tofu';
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}

/** The state and the world agree, nothing was made twice, nothing is half done, no note of a lock is left. */
function expectWhole(round: number): void {
  const world = readWorld(join(bed.root, 'world'));
  expect(Object.keys(world).sort()).toEqual([...namesUpTo(round)].sort());
  const ids = bed.stateIds();
  for (const [name, made] of Object.entries(world)) expect(made, name).toEqual([ids[`terraform_data.thing["${name}"]`]]);
  const left = readdirSync(join(bed.settings.dir, '.slipway')).filter((name) => /\.run\.json$|\.tfplan$|owner/.test(name));
  expect(left).toEqual([]);
  expect(existsSync(join(bed.settings.dir, '.terraform.tfstate.lock.info'))).toBe(false);
}

it('wherever the kill lands, on Slipway, on tofu or on both, the same command ends in the same world', async () => {
  bed = await createTofuBed(MARKING_MODULE);
  const world = join(bed.root, 'world');
  for (const [round, [victim, instant, fits]] of SAMPLE.entries()) {
    bed.settings = { ...bed.settings, world, variables: { names: namesUpTo(round), world } };
    const running = bed.start('up');
    await running.until(fits);
    expect(kill(running, victim), `${victim} ${instant}`).toBe(true);
    const end = await running.ended;
    if (victim !== 'tofu') expect(end.signal, instant).toBe('SIGKILL');
    const again = await bed.run('up');
    expect(again.code, `after ${victim} was killed ${instant}: ${JSON.stringify(again.reports.slice(-4))}`).toBe(0);
    expectWhole(round);
  }
  expect(findReport(await bed.run('up'), 'run.finished')).toMatchObject({ changed: 0 });

  const leaving = bed.start('down');
  await leaving.until(says(/^destroyed /));
  kill(leaving, 'both');
  await leaving.ended;
  expect((await bed.run('down')).code).toBe(0);
  expect(readWorld(world)).toEqual({});
  expect(existsSync(bed.settings.dir)).toBe(false);
});
