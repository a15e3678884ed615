/** The step that ends the bootstrap cluster, once the management cluster was proven to manage itself; after it nothing makes it anew. */
import { retirePivot } from '../../capi/pivot/pivot.ts';
import { type Change, defineStep, type Outputs, type Step, type StepContext, type StepId } from '../../engine/step.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { beside, pivotOptions } from './pivot-step.ts';
import { type Family, findNeighbours, guideOfStep, pivotOwner } from './home.ts';
import { removeBootstrap, type Reviver, wakeBootstrap } from './revive.ts';

export interface RetireOptions {
  readonly id: StepId;
  readonly subject: string;
  readonly needs: readonly StepId[];
  readonly context: ProvisionerContext;
  readonly family: Family;
}

/** Outputs: `retired: true`. */
export function retireStep(options: RetireOptions): Step {
  const { family } = options;
  return defineStep<{ readonly isRetired: boolean }>({
    id: options.id,
    title: `retire the bootstrap cluster ${family.bootstrap.name}`,
    subject: options.subject,
    needs: options.needs,
    observe: ({ record }) => Promise.resolve({ isRetired: record?.state === 'applied' }),
    change: ({ isRetired }) => retireChange(family, isRetired),
    apply: (step) => apply(step, options),
  });
}

function retireChange({ bootstrap }: Family, isRetired: boolean): Change {
  if (isRetired) return { kind: 'none', summary: `${bootstrap.name} is retired` };
  const summary =
    bootstrap.way.kind === 'existing'
      ? `end the pivot; ${bootstrap.name} stays, it was there before`
      : `retire ${bootstrap.name}, which is needed no more`;
  return { kind: 'update', summary };
}

async function apply(step: StepContext, options: RetireOptions): Promise<Outputs> {
  const { family, context } = options;
  const reviver: Reviver = { attendant: step, guide: guideOfStep(step, context) };
  const bootstrap = await wakeBootstrap(family.bootstrap, reviver);
  const { management } = await findNeighbours(family, reviver.guide);
  if (bootstrap && management) {
    const { forth } = await pivotOwner(bootstrap, management, step.signal);
    const acting = { attendant: step, context };
    const retiring = pivotOptions(family, { source: bootstrap, target: management, isForth: true }, acting);
    if (forth.stage === 'released' || forth.stage === 'retiring')
      await beside(family, { bootstrap, management, ...acting }, () => retirePivot(retiring));
  }
  await removeBootstrap(family.bootstrap, reviver);
  return { retired: true };
}
