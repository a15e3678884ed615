/** References to objects as outputs of steps keep them: `apiVersion Kind namespace name`. Pure. */
import type { StepContext } from '../../engine/step.ts';
import type { ObjectRef } from '../../kube/types.ts';

export const refKey = ({ apiVersion, kind, namespace, name }: ObjectRef): string =>
  [apiVersion, kind, ...(namespace === undefined ? [] : [namespace]), name].join(' ');

/** What an earlier apply of this very step wrote. */
export function recordedRefs({ record }: Pick<StepContext, 'record'>): readonly ObjectRef[] {
  return refsIn(record?.outputs['objects']);
}

export function refsIn(keys: unknown): readonly ObjectRef[] {
  return Array.isArray(keys) ? keys.flatMap((key) => (typeof key === 'string' ? [refFrom(key)] : [])) : [];
}

function refFrom(key: string): ObjectRef {
  const [apiVersion = '', kind = '', first = '', second] = key.split(' ');
  return second === undefined ? { apiVersion, kind, name: first } : { apiVersion, kind, namespace: first, name: second };
}
