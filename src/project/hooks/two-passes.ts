/** Planning twice without looking twice: what a step observed in the first pass is what the second one sees. */
import type { Step, StepId } from '../../engine/step.ts';

export interface ObservationMemory {
  remember(step: Step): Step;
  /** Steps that were not observed before are observed now. */
  recall(step: Step): Step;
}

export function rememberObservations(): ObservationMemory {
  const seen = new Map<StepId, unknown>();
  return {
    remember: (step) => ({
      ...step,
      observe: async (context) => {
        const observed = await step.observe(context);
        seen.set(step.id, observed);
        return observed;
      },
    }),
    recall: (step) => ({ ...step, observe: (context) => (seen.has(step.id) ? Promise.resolve(seen.get(step.id)) : step.observe(context)) }),
  };
}
