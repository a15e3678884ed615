import { describe, expect, it } from 'vitest';
import { change } from '../../test/support/plain-step.ts';
import { requireConsent } from './consent.ts';
import type { PlannedStep } from './plan-data.ts';
import type { Change } from './step.ts';

const plannedAs = (what: Change): PlannedStep => ({
  step: 'a',
  title: 'make a',
  subject: 'Thing/a',
  needs: [],
  change: what,
  direction: 'up',
});

describe('consent', () => {
  const creates = (...objects: string[]): Change => change('create', { details: objects.map((object) => ({ object, kind: 'create' })) });
  const announced = change('deferred', { announces: { Pod: 2, Job: 1 } });

  it.each([
    ['creates fewer than announced', announced, creates('Pod/a')],
    ['creates just what was announced', announced, creates('Pod/a', 'Job/j', 'Pod/b')],
    ['creates one thing that it does not list', announced, change('create')],
    ['finds nothing to do', announced, change('none')],
    ['creates what had vanished since', change('none'), change('create')],
    ['updates where it planned to create', change('create'), change('update')],
    ['replaces what it planned to replace', change('replace', { destroys: ['x'] }), change('replace', { destroys: ['x'] })],
    [
      'deletes a planned object',
      change('update', { details: [{ object: 'Pod/a', kind: 'delete' }] }),
      change('update', { details: [{ object: 'Pod/a', kind: 'delete' }] }),
    ],
  ])('is given when a step %s', (_what, planned, found) => {
    expect(() => requireConsent(plannedAs(planned), found)).not.toThrow();
  });

  it.each([
    ['creates more than announced', announced, creates('Pod/a', 'Pod/b', 'Pod/c')],
    ['creates another type', announced, creates('Secret/s')],
    ['creates unannounced', change('deferred'), change('create')],
    ['updates where creation was announced', announced, change('update')],
    ['deletes among its creations', announced, change('create', { details: [{ object: 'Pod/x', kind: 'delete' }] })],
    ['replaces where it planned an update', change('update'), change('replace')],
    ['deletes where it planned nothing', change('none'), change('delete')],
    ['deletes where it planned to replace', change('replace'), change('delete')],
    ['loses another name', change('replace', { destroys: ['x'] }), change('replace', { destroys: ['x', 'y'] })],
    [
      'deletes another object in an update',
      change('update', { details: [{ object: 'Pod/a', kind: 'delete' }] }),
      change('update', { details: [{ object: 'Pod/b', kind: 'delete' }] }),
    ],
  ])('is asked for again when a step %s', (_what, planned, found) => {
    expect(() => requireConsent(plannedAs(planned), found)).toThrow(
      expect.objectContaining({ code: 'SLW-ENG-007', exit: 75, object: 'a' }),
    );
  });

  it('is not a matter of steps that stay undecided', () => {
    expect(() => requireConsent(plannedAs(announced), announced)).toThrow(expect.objectContaining({ code: 'SLW-ENG-008', exit: 70 }));
  });
});
