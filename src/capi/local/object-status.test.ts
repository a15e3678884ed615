import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../kube/types.ts';
import { mergeConditions, pausedCondition } from './object-status.ts';

const NOW = '2026-11-21T08:00:00Z';
const EARLIER = '2026-11-20T08:00:00Z';

const withConditions = (...conditions: readonly Readonly<Record<string, unknown>>[]): KubeObject => ({
  apiVersion: 'infrastructure.slipway.dev/v1alpha1',
  kind: 'LocalControlPlane',
  metadata: { name: 'shop', namespace: 'default', generation: 3 },
  status: { conditions },
});

describe('conditions', () => {
  it('keep their time while the status stays, and say which generation they are about', () => {
    const before = {
      type: 'Available',
      status: 'True',
      reason: 'Available',
      message: '',
      lastTransitionTime: EARLIER,
      observedGeneration: 1,
    };
    const [after] = mergeConditions(withConditions(before), [{ type: 'Available', status: 'True', reason: 'Available' }], NOW);
    expect(after).toEqual({ ...before, observedGeneration: 3 });
  });

  it('get a new time with a new status', () => {
    const before = { type: 'Available', status: 'False', reason: 'Starting', message: 'm', lastTransitionTime: EARLIER };
    const [after] = mergeConditions(withConditions(before), [{ type: 'Available', status: 'True', reason: 'Available' }], NOW);
    expect(after).toMatchObject({ status: 'True', message: '', lastTransitionTime: NOW });
  });

  it('of other types stay as they are', () => {
    const other = { type: 'Other', status: 'True', reason: 'R', message: '', lastTransitionTime: EARLIER };
    expect(mergeConditions(withConditions(other), [pausedCondition(undefined)], NOW)).toEqual([
      other,
      { type: 'Paused', status: 'False', reason: 'NotPaused', message: '', lastTransitionTime: NOW, observedGeneration: 3 },
    ]);
  });

  it('without any before are complete, as metav1.Condition wants', () => {
    const object = { ...withConditions(), status: undefined };
    expect(mergeConditions(object, [pausedCondition('because')], NOW)).toEqual([
      { type: 'Paused', status: 'True', reason: 'Paused', message: 'because', lastTransitionTime: NOW, observedGeneration: 3 },
    ]);
  });
});
