/** The step that ends the bootstrap cluster, once the management cluster was proven to manage itself; after it nothing makes it anew. */
import { retirePivot } from '../../capi/pivot/pivot.ts';
import { type Change, defineStep, type Outputs, type Step, type StepContext, type StepId } from '../../engine/step.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { SlipwayError } from '../../core/errors.ts';
import { type Acting, beside, type Pair, pivotOptions } from './pivot-step.ts';
import { type Family, findNeighbours, guideOfStep, ownership } from './home.ts';
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
  if (!management) throw new SlipwayError('SLW-CAP-401', `${family.cluster} does not answer, so that ${family.bootstrap.name} is kept`);
  if (bootstrap) await endPivot(family, { bootstrap, management }, { attendant: step, context });
  await removeBootstrap(family.bootstrap, reviver);
  return { retired: true };
}

/** @throws SLW-CAP-409 when the management cluster does not own itself: its bootstrap cluster must live then */
async function endPivot(family: Family, pair: Pair, acting: Acting): Promise<void> {
  const { owner, standing } = await ownership(family, pair, acting.attendant.signal);
  if (owner !== 'management')
    throw new SlipwayError(
      'SLW-CAP-409',
      `${family.bootstrap.name} still holds the definition of ${family.cluster} (the pivot is ${standing.stage})`,
    );
  const isOpen = standing.stage === 'released' || standing.stage === 'retiring';
  if (standing.direction !== 'forth' || !isOpen) return;
  const options = pivotOptions(family, { source: pair.bootstrap, target: pair.management, isForth: true }, acting);
  await beside(family, { ...pair, ...acting }, () => retirePivot(options));
}
