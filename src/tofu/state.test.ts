import { describe, expect, it } from 'vitest';
import { onlyTainted, readState, withSuccessor } from './state.ts';

const instance = (more: object) => ({ schema_version: 0, attributes: { id: 'x' }, ...more });
const state = JSON.stringify({
  version: 4,
  serial: 3,
  lineage: 'l',
  outputs: { secret: { value: 1 } },
  resources: [
    {
      mode: 'managed',
      type: 'pool',
      name: 'p',
      instances: [
        instance({ index_key: 'a', status: 'tainted', attributes: { id: 'new' } }),
        instance({ index_key: 'a', deposed: '0a1b2c3d', attributes: { id: 'old' } }),
        instance({ index_key: 'b', status: 'tainted' }),
      ],
    },
    { mode: 'managed', type: 'role', name: 'r', instances: [instance({})] },
    { mode: 'data', type: 'pool', name: 'd', instances: [instance({ status: 'tainted' })] },
  ],
});

describe('a state to destroy by', () => {
  it('has the tainted objects that are named, and neither what they replace nor what is whole', () => {
    const text = onlyTainted(state, new Set(['pool.p["a"]', 'role.r', 'pool.d']));
    expect(readState(text).resources).toEqual([{ address: 'pool.p["a"]', type: 'pool', id: 'new', isTainted: true }]);
    expect(text).not.toMatch(/old|secret/);
  });
});

describe('a successor that no state knew', () => {
  it('takes the address, and what it replaces is left over from a replacement', () => {
    const instance = { attributes: { id: 'next' } };
    const text = withSuccessor(state, { address: 'role.r', instance, isTainted: false, deposedKey: '0badcafe' });
    expect(readState(text)).toMatchObject({ serial: 4 });
    expect(readState(text).resources.filter(({ type }) => type === 'role')).toEqual([
      { address: 'role.r', type: 'role', id: 'next', isTainted: false },
    ]);
    const { resources } = JSON.parse(text) as { resources: { type: string; instances: object[] }[] };
    expect(resources.find(({ type }) => type === 'role')?.instances[1]).toMatchObject({ deposed: '0badcafe', attributes: { id: 'x' } });
  });
});
