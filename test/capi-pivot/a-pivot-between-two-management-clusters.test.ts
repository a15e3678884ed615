/**
 * All scenarios of the pivot on one fleet, because making that fleet takes longer than most of them: real API servers with audit logs, real
 * controllers, an in-memory cloud that counts machines. Every scenario starts from the same etcd snapshots.
 */
import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import { createSuiteHolder, preparePivotSuite, START } from '../support/pivot-suite.ts';
import { caseScenarios } from './cases.ts';
import { faultScenarios } from './faults.ts';
import { killScenarios } from './kills.ts';
import { peerScenarios } from './peer.ts';

describe('a pivot between two management clusters', () => {
  const holder = createSuiteHolder();

  beforeAll(async () => holder.set(await preparePivotSuite()));
  afterAll(() => holder.close());
  // Before the first as well: the audit logs of the making of the fleet are no part of a scenario.
  beforeEach(() => holder.suite.management.world.restore(START));

  killScenarios(holder.suite);
  caseScenarios(holder.suite);
  faultScenarios(holder.suite);
  peerScenarios(holder.suite);
});
