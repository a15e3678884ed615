/** A step that was done before and cannot look now does not announce to create everything anew: it looks again when its cluster answers. */
import type { ApplyContext, Step } from '../../engine/step.ts';

interface Seen {
  readonly isKnown: boolean;
  readonly observed: unknown;
}

export function knownBefore(step: Step): Step {
  const { intent } = step;
  const wrapped: Step<Seen> = {
    ...step,
    observe: async (context) => ({ isKnown: context.record !== undefined, observed: await step.observe(context) }),
    change: ({ isKnown, observed }) => {
      const change = step.change(observed);
      return isKnown && change.kind === 'deferred'
        ? { kind: 'update', summary: `look again once its cluster answers: ${change.summary}` }
        : change;
    },
    ...(intent && { intent: (seen, change, context) => intent.call(step, seen.observed, change, context) }),
    apply: (context: ApplyContext<Seen>) => step.apply({ ...context, observed: context.observed.observed }),
  };
  return wrapped as Step;
}
