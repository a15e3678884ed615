import { describe, expect, it } from 'vitest';
import { newTransaction, type Transaction, transactionObject } from '../../capi/pivot/transaction.ts';
import type { KubeClient, KubeObject, ObjectRef } from '../../kube/types.ts';
import { readStanding } from './standing.ts';

const BOOTSTRAP = { name: 'mgmt-bootstrap', uid: 'b' };
const MANAGEMENT = { name: 'mgmt', uid: 'm' };
const OTHER = { name: 'elsewhere', uid: 'x' };

/** An API server that has its kube-system and, perhaps, a transaction. */
function server(uid: string, transaction?: Transaction): KubeClient {
  const objects: Readonly<Record<string, KubeObject | undefined>> = {
    Namespace: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system', uid } },
    ConfigMap: transaction && transactionObject(transaction, 'target'),
  };
  return { server: uid, get: async ({ kind }: ObjectRef) => objects[kind] } as unknown as KubeClient;
}

interface Wish {
  readonly run: string;
  readonly stage: Transaction['stage'];
  readonly from?: typeof BOOTSTRAP;
  readonly to?: typeof BOOTSTRAP;
}

const transaction = ({ run, stage, from = BOOTSTRAP, to = MANAGEMENT }: Wish): Transaction => ({
  ...newTransaction({ runId: run, holder: 'me', source: from, target: to, disposableSource: true }),
  stage,
});
const forth = (stage: Transaction['stage'], run = 'r1'): Transaction => transaction({ run, stage });
const back = (stage: Transaction['stage'], run = 'r2'): Transaction => transaction({ run, stage, from: MANAGEMENT, to: BOOTSTRAP });

const signal = new AbortController().signal;
const read = (bootstrap: Transaction | undefined, management: Transaction | undefined) =>
  readStanding({ bootstrap: server('b', bootstrap), management: server('m', management) }, signal);

describe('where a pivot between two clusters stands', () => {
  it.each([
    ['nothing was ever moved', undefined, undefined, { direction: undefined, stage: 'none' }],
    ['it is being prepared', forth('preparing'), forth('preparing'), { direction: 'forth', stage: 'preparing' }],
    ['it is committed, and the mirror lags behind', forth('preparing'), forth('committed'), { direction: 'forth', stage: 'committed' }],
    ['it is over', forth('retired'), forth('retired'), { direction: 'forth', stage: 'retired' }],
    ['another one leads back', back('preparing'), forth('retired'), { direction: 'back', stage: 'preparing' }],
    ['all was moved back', back('released'), back('released'), { direction: 'back', stage: 'released' }],
    ['a rollback left its last crumb at the source', forth('rolling-back'), undefined, { direction: undefined, stage: 'none' }],
    ['a rollback is under way', forth('rolling-back'), forth('rolling-back'), { direction: 'forth', stage: 'rolling-back' }],
  ])('%s', async (_title, bootstrap, management, expected) => {
    expect(await read(bootstrap, management)).toEqual(expected);
  });

  it('counts nothing that is between others', async () => {
    const foreign = transaction({ run: 'r3', stage: 'committed', from: OTHER });
    expect(await read(undefined, foreign)).toEqual({ direction: undefined, stage: 'none' });
  });

  it.each([
    ['the management cluster', { management: server('m', forth('released')) }, 'forth'],
    ['the bootstrap cluster', { bootstrap: server('b', back('released')) }, 'back'],
  ])('is told by %s alone', async (_title, ends, direction) => {
    expect(await readStanding(ends, signal)).toEqual({ direction, stage: 'released' });
  });
});
