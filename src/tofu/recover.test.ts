import { describe, expect, it } from 'vitest';
import { readVersion, requireRecent } from './binary.ts';
import { isProvenDead } from './dead-lock.ts';
import { lostResources } from './lost.ts';
import type { TofuMessage } from './messages.ts';
import type { PendingRun } from './runner.ts';
import { readState } from './state.ts';

const apply = (phase: 'start' | 'complete' | 'errored', address: string, more: object = {}): TofuMessage => ({
  type: 'apply',
  phase,
  address,
  resourceType: 'aws_vpc',
  action: 'create',
  ...more,
});

describe('what a dead run made', () => {
  it('is what it began to create and no state knows', () => {
    const messages = [
      apply('start', 'a'),
      apply('complete', 'a', { id: '1' }),
      apply('start', 'b'),
      apply('start', 'c'),
      apply('complete', 'c', { id: '3' }),
    ];
    expect(lostResources(messages, new Map([['c', { id: '3' }]]))).toEqual([
      { address: 'a', type: 'aws_vpc', id: '1', hasFailed: false },
      { address: 'b', type: 'aws_vpc', hasFailed: false },
    ]);
  });

  it('includes what replaced an older thing of the same address, but not what was only to be replaced', () => {
    const old = new Map([['a', { id: 'old' }]]);
    const replaced = [apply('complete', 'a', { action: 'delete', id: 'old' }), apply('start', 'a')];
    expect(lostResources(replaced, old)).toHaveLength(1);
    expect(lostResources([...replaced, apply('complete', 'a', { id: 'new' })], old)).toMatchObject([{ id: 'new' }]);
    expect(lostResources([apply('start', 'a', { action: 'update' })], old)).toEqual([]);
    expect(lostResources([apply('start', 'a', { action: 'delete' })], old)).toEqual([]);
  });

  it('includes what was made before what it replaces had gone, unless that is tainted: then it is in the state', () => {
    const begun = [apply('start', 'a'), apply('errored', 'a')];
    expect(lostResources(begun, new Map([['a', { id: 'old' }]]))).toMatchObject([{ address: 'a', isSuccessor: true }]);
    expect(lostResources(begun, new Map([['a', { id: 'new', isTainted: true }]]))).toEqual([]);
    const complete = [apply('start', 'a'), apply('complete', 'a', { id: 'new' })];
    expect(lostResources(complete, new Map([['a', { id: 'old' }]]))).toMatchObject([{ id: 'new', isSuccessor: true }]);
    expect(lostResources(complete, new Map([['a', { id: 'new' }]]))).toEqual([]);
  });

  it('may be nothing when the provider reported a failure', () => {
    expect(lostResources([apply('start', 'a'), apply('errored', 'a')], new Map())).toMatchObject([{ hasFailed: true }]);
  });
});

describe('the owner of a lock', () => {
  const dead: PendingRun = {
    format: 1,
    nonce: 'n',
    command: 'apply',
    recordFile: '',
    logFile: '',
    startedAt: 100_000,
    hostname: 'here',
    user: 'ada',
  };
  const holder = { id: '1', who: 'ada@here', operation: 'OperationTypeApply', createdMs: 101_000 };
  it.each([
    [true, 'the run that died', holder],
    [false, 'another user', { ...holder, who: 'bob@here' }],
    [false, 'another host', { ...holder, who: 'ada@there' }],
    [false, 'someone before it was started', { ...holder, createdMs: 90_000 }],
    [false, 'someone after its last word', { ...holder, createdMs: 200_000 }],
    [false, 'someone whose time cannot be read', { id: '1', who: 'ada@here', operation: '' }],
    [false, 'nobody', undefined],
  ])('%s: it is %s', (proven, _, candidate) => {
    expect(isProvenDead(dead, candidate, 110_000)).toBe(proven);
  });
});

describe('a state', () => {
  it('gives addresses and ids of what is managed, and no values', () => {
    const state = {
      lineage: 'l',
      serial: 7,
      resources: [
        {
          mode: 'managed',
          type: 'aws_subnet',
          name: 'a',
          instances: [
            { index_key: 'x', attributes: { id: 's-1', secret: 'no' } },
            { index_key: 0, status: 'tainted', attributes: {} },
          ],
        },
        {
          mode: 'managed',
          module: 'module.net',
          type: 'aws_vpc',
          name: 'v',
          instances: [{ attributes: { id: 'v-1' } }, { deposed: 'abc', attributes: { id: 'v-0' } }],
        },
        { mode: 'data', type: 'aws_ami', name: 'd', instances: [{ attributes: { id: 'ami' } }] },
      ],
    };
    expect(readState(JSON.stringify(state))).toEqual({
      lineage: 'l',
      serial: 7,
      resources: [
        { address: 'aws_subnet.a["x"]', type: 'aws_subnet', id: 's-1', isTainted: false },
        { address: 'aws_subnet.a[0]', type: 'aws_subnet', isTainted: true },
        { address: 'module.net.aws_vpc.v', type: 'aws_vpc', id: 'v-1', isTainted: false },
      ],
    });
    expect(readState('')).toEqual({ lineage: '', serial: 0, resources: [] });
    expect(() => readState('{"serial":')).toThrow(expect.objectContaining({ code: 'SLW-TOF-015' }) as Error);
  });
});

describe('the program', () => {
  it('is known by what it answers, and refused when it is too old', () => {
    expect(readVersion('{"terraform_version":"1.12.6","platform":"linux_amd64"}')).toEqual({ version: '1.12.6', flavour: 'opentofu' });
    expect(readVersion('{"terraform_version":"1.11.4","terraform_outdated":false}')).toMatchObject({ flavour: 'terraform' });
    expect(readVersion('hello')).toBeUndefined();
    const binary = { path: '/x/tofu', flavour: 'opentofu' } as const;
    expect(requireRecent({ ...binary, version: '1.10.0' })).toMatchObject({ version: '1.10.0' });
    expect(() => requireRecent({ ...binary, version: '1.9.4' })).toThrow('/x/tofu is OpenTofu 1.9.4, older than 1.10');
    expect(() => requireRecent({ ...binary, flavour: 'terraform', version: '0.15.1' })).toThrow('Terraform 0.15.1');
  });
});
