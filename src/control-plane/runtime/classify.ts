/** Which pods can run here: those of which every image is in the toolchain's table in exactly its version. Pure. */
import { type BinaryName, matchImage, type Pins } from '../../toolchain/catalogue.ts';
import { imageAdapters } from './image-adapters.ts';
import type { Pod } from './pod.ts';

export type Verdict =
  | { readonly runs: true; readonly binaries: readonly BinaryName[] }
  | { readonly runs: false; readonly reason: string; readonly images: readonly string[] };

export function classifyPodSpec(pins: Pins, spec: Pod['spec']): Verdict {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const answers = containers.map(({ image }) => ({ image, answer: binaryOf(pins, image) }));
  const bad = answers.filter(({ answer }) => typeof answer === 'object');
  if (bad.length > 0) {
    const reason = bad.map(({ image, answer }) => `${image} ${typeof answer === 'object' ? answer.reason : ''}`).join(', ');
    return { runs: false, reason, images: bad.map(({ image }) => image) };
  }
  if ((spec.initContainers ?? []).length > 0) return { runs: false, reason: 'it has init containers', images: [] };
  return { runs: true, binaries: answers.map(({ answer }) => answer as BinaryName) };
}

function binaryOf(pins: Pins, image: string): BinaryName | { readonly reason: string } {
  const match = matchImage(pins, image);
  if (!match) return { reason: 'is no known controller' };
  if ('otherVersion' in match) return { reason: `is not the version this slipway has (${match.otherVersion})` };
  return imageAdapters[match.binary] ? match.binary : { reason: 'has no rules for running outside of a container' };
}

export interface BlockedPod {
  readonly namespace: string;
  readonly name: string;
  /** Lower case, without a period. */
  readonly reason: string;
  readonly images: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** Pods that will never run here. */
export function findBlockedPods(pins: Pins, pods: readonly Pod[]): readonly BlockedPod[] {
  return pods.flatMap((pod) => {
    const { name, namespace = 'default', labels = {}, deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined || pod.spec.nodeName !== undefined) return [];
    const verdict = classifyPodSpec(pins, pod.spec);
    return verdict.runs ? [] : [{ namespace, name, reason: verdict.reason, images: verdict.images, labels }];
  });
}
