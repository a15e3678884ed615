/** The step that makes known controllers run on a cluster of this machine, beside whoever attends to the same cluster. */
import { convergeRuntimeStep } from '../../control-plane/runtime/runtime-step.ts';
import type { ApplyContext, Step, StepContext, StepId } from '../../engine/step.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { attendanceOf } from './attendance.ts';
import { guideOfStep } from './home.ts';
import { connectTo, type Place } from './way.ts';

export interface RuntimeOptions {
  readonly place: Place;
  readonly context: ProvisionerContext;
  readonly subject: string;
  readonly needs: readonly StepId[];
}

/** Nothing for a cluster that has kubelets. */
export function runtimeSteps(options: RuntimeOptions): readonly Step[] {
  const { place, context, subject, needs } = options;
  if (place.way.kind !== 'folder') return [];
  const { toolchainDir } = context;
  const connect = (text: string) => context.connect({ text });
  const step = convergeRuntimeStep({ clusterName: place.name, clusterDir: place.way.dir, subject, needs, toolchainDir, connect });
  return [alone(step, options)];
}

function alone(step: Step, { place, context }: RuntimeOptions): Step {
  const { verify } = step;
  const within = async <T>(inner: StepContext, act: () => Promise<T>): Promise<T> => {
    const client = await connectTo(place, guideOfStep(inner, context));
    return client ? attendanceOf(place, context).asRuntime(client, act) : act();
  };
  return {
    ...step,
    apply: (inner: ApplyContext<unknown>) => within(inner, () => step.apply(inner)),
    ...(verify && { verify: (inner) => within(inner, () => verify.call(step, inner)) }),
  };
}
