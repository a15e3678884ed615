import { existsSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createTofuBed, findReport, MARKING_MODULE, readWorld, type Report, type TofuBed } from '../support/tofu-bed.ts';

let bed: TofuBed;
let state: string;
beforeEach(async () => {
  bed = await createTofuBed(MARKING_MODULE);
  const world = join(bed.root, 'world');
  bed.settings = { ...bed.settings, world, variables: { names: ['a', 'b', 'c'], world } };
  state = join(bed.settings.dir, 'terraform.tfstate');
});
afterEach(() => bed.close());

const says = (pattern: RegExp) => (report: Report) => pattern.test(String(report['message']));
const expectOnce = (): void => {
  const world = readWorld(join(bed.root, 'world'));
  expect(Object.values(world).map((ids) => ids.length)).toEqual(Array.from({ length: 14 }, () => 1));
  expect(Object.values(bed.stateIds()).sort()).toEqual(Object.values(world).flat().sort());
};

it('a state that is emptied in the middle of being written is put back, and refused where there is no copy', async () => {
  // More than tofu makes at once: when the first are made, others are not.
  const names = Array.from({ length: 14 }, (_, i) => `n${i}`);
  bed.settings = { ...bed.settings, variables: { ...bed.settings.variables, names, pause: '1' } };
  const first = bed.start('up');
  await first.until(says(/^created /));
  first.child.kill('SIGKILL');
  process.kill(bed.tofuPid() ?? 0, 'SIGKILL');
  await first.ended;
  // OpenTofu truncates the file before it has the text to write: a kill in between leaves it empty.
  if (existsSync(state)) truncateSync(state);
  const again = await bed.run('up');
  expect(again.code, JSON.stringify(again.reports.slice(-4))).toBe(0);
  expectOnce();

  const good = readFileSync(state);
  truncateSync(state, Math.floor(good.length / 2));
  const mended = await bed.run('up');
  expect(mended.reports).toContainEqual(expect.objectContaining({ type: 'finding', code: 'SLW-TOF-015' }));
  expect(findReport(mended, 'run.finished')).toMatchObject({ changed: 0, exit: 0 });
  expectOnce();

  truncateSync(state);
  rmSync(`${state}.backup`, { force: true });
  rmSync(join(bed.settings.dir, '.slipway', 'before.tfstate'));
  const refused = await bed.run('up');
  expect(findReport(refused, 'thrown')).toMatchObject({ code: 'SLW-TOF-015' });
  expect(readFileSync(state, 'utf8')).toBe('');
});

it('a key that is lost is told before a new one hides it, and all is well when it is back', async () => {
  expect((await bed.run('up')).code).toBe(0);
  const key = join(bed.settings.dir, 'slipway.key');
  renameSync(key, `${key}.away`);
  const end = await bed.run('up');
  expect(findReport(end, 'thrown')).toMatchObject({ code: 'SLW-TOF-017' });
  expect(end.code).toBe(77);
  renameSync(`${key}.away`, key);
  expect(findReport(await bed.run('up'), 'run.finished')).toMatchObject({ changed: 0, exit: 0 });
});

it('an interrupt lets tofu end by itself, leaves no lock and no pending run, and the same command goes on', async () => {
  bed.settings = { ...bed.settings, variables: { ...bed.settings.variables, pause: '1' } };
  const running = bed.start('up');
  await running.until(says(/^creating /));
  running.child.kill('SIGINT');
  const end = await running.ended;
  expect(end.code).toBe(130);
  expect(findReport(end, 'run.finished')).toMatchObject({ status: 'cancelled' });
  const folder = join(bed.settings.dir, '.slipway');
  const records = readdirSync(folder).filter((name) => name.endsWith('.run.json'));
  // What it could not finish is looked for by the next run; no process is.
  expect(records.filter((name) => !readFileSync(join(folder, name), 'utf8').includes('"isOver":true'))).toEqual([]);
  expect(bed.logs()).toContain('Interrupt received');
  expect(bed.logs()).not.toContain('Two interrupts');
  expect((await bed.run('up')).code).toBe(0);
  expect(Object.keys(bed.stateIds())).toHaveLength(3);
});

it('says of what was perhaps made that it could not be looked at, and why', async () => {
  // An import evaluates the outputs, here while only one of several is in the state.
  bed.writeModule(`${MARKING_MODULE}output "listed" { value = [for name in var.names : terraform_data.thing[name].id] }\n`);
  bed.settings = { ...bed.settings, isUnsure: true, variables: { ...bed.settings.variables, pause: '2' } };
  const first = bed.start('up');
  await first.until(says(/^creating /));
  for (const name of ['a', 'b', 'c']) while (readWorld(bed.settings.world ?? '')[name] === undefined) await sleep(20);
  first.child.kill('SIGKILL');
  process.kill(bed.tofuPid() ?? 0, 'SIGKILL');
  await first.ended;
  const again = await bed.run('up');
  expect(again.reports).toContainEqual(
    expect.objectContaining({
      type: 'finding',
      code: 'SLW-TOF-025',
      message: expect.stringMatching(/which could not be looked at: .*does not identify/),
    }),
  );
});
