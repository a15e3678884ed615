/** The oracle of the pivot's suites is judged too: what it reads from audit logs, and what it may not take for two owners. */
import { describe, expect, it } from 'vitest';
import { type AuditEvent, findTwoOwners } from '../support/capi-audit.ts';

const KEY = 'fleet/plain';
let version = 0;

function write(at: number, paused: boolean, more: Partial<AuditEvent> = {}): AuditEvent {
  version += 1;
  return {
    ...{ from: at, to: at + 1, verb: 'patch', user: 'admin', agent: '', code: 200, resource: 'clusters.cluster.x-k8s.io' },
    ...{ namespace: 'fleet', name: 'plain', dryRun: false },
    object: { metadata: { resourceVersion: String(version) }, spec: { paused } },
    ...more,
  };
}
/** A client that was killed: logged without the object, stored or not. */
const cutOff = (at: number): AuditEvent => write(at, false, { code: 504, object: {} });
const status = (at: number, paused: boolean): AuditEvent => write(at, paused, { resource: 'clusters.cluster.x-k8s.io/status' });
const two = (source: readonly AuditEvent[], target: readonly AuditEvent[]): readonly string[] => findTwoOwners({ source, target }, [KEY]);

describe('two owners', () => {
  it('are not there when the source is paused before the target is let go', () => {
    expect(two([write(1, true)], [write(2, true), write(5, false)])).toEqual([]);
  });

  it('are there when it is not, and when it comes back', () => {
    expect(two([], [write(2, true), write(5, false)])).toEqual([KEY]);
    expect(two([write(1, true), write(9, false)], [write(5, false)])).toEqual([KEY]);
  });

  it('are not made of a pause whose client was killed: the next status shows it', () => {
    expect(two([cutOff(1), status(3, true)], [write(5, false)])).toEqual([]);
    expect(two([cutOff(1)], [write(5, false)])).toEqual([KEY]);
  });

  it('are seen when the client was killed that let the target go', () => {
    expect(two([write(4, true)], [write(1, true), cutOff(2), status(6, false)])).toEqual([KEY]);
  });

  it('are not made of a status that was answered after a pause and stored before', () => {
    const early = status(2, false);
    const pause = write(1, true);
    expect(two([pause, { ...early, object: { metadata: { resourceVersion: '1' }, spec: {} } }], [write(5, false)])).toEqual([]);
  });
});
