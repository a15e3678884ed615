import { describe, expect, it } from 'vitest';
import { formerPlaces, relocate } from './relocate.ts';
import type { StepRecord } from './step.ts';

const record: StepRecord = {
  step: 'a/b/c',
  state: 'applied',
  subject: 'Cluster/c',
  needs: [],
  intent: {
    undo: {
      handler: 'x',
      title: 'remove /old/state/clusters/c',
      data: { dirs: ['/old/state/clusters/c', '/old/state-of-another', null, 4] },
    },
  },
  outputs: { kubeconfig: '/old/state/clusters/c/kubeconfig', server: 'https://127.0.0.1:1' },
};

describe('a ledger of a moved state folder', () => {
  it('speaks of the present place, and only where it spoke of the former one', () => {
    const moved = relocate(new Map([['a/b/c', record]]), ['/old/state'], '/new').get('a/b/c');
    expect(moved?.outputs).toEqual({ kubeconfig: '/new/clusters/c/kubeconfig', server: 'https://127.0.0.1:1' });
    expect(moved?.intent.undo?.data).toEqual({ dirs: ['/new/clusters/c', '/old/state-of-another', null, 4] });
  });

  it('is left as it is where nothing was moved', () => {
    expect(relocate(new Map([['a/b/c', record]]), [], '/new').get('a/b/c')).toBe(record);
  });

  it('knows all former places but the present one', () => {
    const meta: Record<string, string> = { 'state.earlier': '["/a","/c"]', 'state.path': '/b' };
    expect(formerPlaces({ meta: (key) => meta[key] }, '/c')).toEqual(['/a', '/b']);
    expect(formerPlaces({ meta: () => undefined }, '/c')).toEqual([]);
  });
});
