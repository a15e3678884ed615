import { afterEach, beforeEach, expect, it } from 'vitest';
import { createHttpState, type HttpState } from '../support/http-state.ts';
import { createTofuBed, findReport, idsIn, type TofuBed } from '../support/tofu-bed.ts';

let backend: HttpState;
let bed: TofuBed;
beforeEach(async () => {
  backend = await createHttpState();
  bed = await createTofuBed('resource "terraform_data" "a" {\n  count = 2\n}\n');
});
afterEach(async () => {
  bed.close();
  await backend.close();
});

it('from an encrypted file to a shared backend and back, and nothing is made twice', async () => {
  expect((await bed.run('up')).code).toBe(0);
  const ids = bed.stateIds();
  const local = bed.settings.backend;
  for (const place of [{ type: 'http', config: backend.config }, local]) {
    bed.settings = { ...bed.settings, backend: place };
    const end = await bed.run('up');
    expect(end.code, JSON.stringify(end.reports.slice(-3))).toBe(0);
    expect(findReport(end, 'run.finished'), place.type).toMatchObject({ changed: 0 });
    if (place.type === 'http') expect(idsIn(backend.state() ?? '')).toEqual(ids);
  }
  expect(bed.stateIds()).toEqual(ids);
  expect((await bed.run('down')).code).toBe(0);
});
