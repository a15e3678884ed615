import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createHttpState, type HttpState } from '../support/http-state.ts';
import { createTofuBed, findReport, idsIn, MARKING_MODULE, readWorld, type Report, type TofuBed } from '../support/tofu-bed.ts';

let backend: HttpState;
let bed: TofuBed;
beforeEach(async () => {
  backend = await createHttpState();
  bed = await createTofuBed(MARKING_MODULE);
  const world = join(bed.root, 'world');
  bed.settings = {
    ...bed.settings,
    world,
    variables: { names: ['a', 'b', 'c'], world, pause: '0.5' },
    backend: { type: 'http', config: backend.config },
  };
});
afterEach(async () => {
  bed.close();
  await backend.close();
});

const says = (pattern: RegExp) => (report: Report) => pattern.test(String(report['message']));

it('a tofu that was killed leaves its lock in the backend, and the next run proves its owner dead and goes on', async () => {
  const running = bed.start('up');
  await running.until(says(/^creating /));
  running.child.kill('SIGKILL');
  process.kill(bed.tofuPid() ?? 0, 'SIGKILL');
  await running.ended;
  expect(backend.lock()).toMatchObject({ Operation: 'OperationTypeApply' });
  const again = await bed.run('up');
  expect(again.code, JSON.stringify(again.reports.slice(-4))).toBe(0);
  expect(backend.lock()).toBeUndefined();
  expect(Object.values(readWorld(join(bed.root, 'world'))).map((ids) => ids.length)).toEqual([1, 1, 1]);
  expect(JSON.parse(backend.state() ?? '{}')).not.toHaveProperty('encrypted_data');
  expect((await bed.run('down')).code).toBe(0);
  expect(readWorld(join(bed.root, 'world'))).toEqual({});
});

it('a lock of somebody else is told with its owner, and not touched', async () => {
  const stranger = {
    ID: 'c0ffee',
    Operation: 'OperationTypeApply',
    Info: '',
    Who: 'ada@elsewhere',
    Version: '1.12.6',
    Created: '2026-01-02T03:04:05.678901Z',
    Path: '',
  };
  backend.plantLock(stranger);
  expect((await bed.run('plan')).code).toBe(0);
  const end = await bed.run('up');
  expect(end.code).toBe(75);
  const failed = findReport(end, 'step.failed')?.['error'] as { code: string; message: string };
  expect(failed.code).toBe('SLW-TOF-006');
  expect(failed.message).toContain('ada@elsewhere since 2026-01-02T03:04:05.678Z');
  expect(backend.lock()).toEqual(stranger);
});

it('a state that could not be saved is pushed by the next run before anything else', async () => {
  const running = bed.start('up');
  await running.until(says(/^creating /));
  backend.refuse(true);
  const end = await running.ended;
  expect(findReport(end, 'step.failed')?.['error']).toMatchObject({ code: 'SLW-TOF-016' });
  expect(end.code).toBe(75);
  expect(backend.state() ?? '').not.toContain('"thing"');
  backend.refuse(false);
  const again = await bed.run('up');
  expect(again.code, JSON.stringify(again.reports.slice(-4))).toBe(0);
  expect(Object.values(readWorld(join(bed.root, 'world'))).map((ids) => ids.length)).toEqual([1, 1, 1]);
  expect(Object.values(idsIn(backend.state() ?? '')).sort()).toEqual(
    Object.values(readWorld(join(bed.root, 'world')))
      .flat()
      .sort(),
  );
});
