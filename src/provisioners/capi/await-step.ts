/** The step that waits until a cluster is Available and as defined. It changes nothing: what it proves, `verify` of every run proves again. */
import { defineStep, type Step, type StepId } from '../../engine/step.ts';
import { formatRef, type KubeObject, refOf } from '../../kube/types.ts';
import { CLUSTER } from '../../capi/words.ts';
import type { StepContext } from '../../engine/step.ts';
import { SlipwayError } from '../../core/errors.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { attendanceOf } from './attendance.ts';
import { awaitAvailable } from './await-cluster.ts';
import { type Family, findHome, guideOfStep } from './home.ts';

export interface AwaitStepOptions {
  readonly id: StepId;
  readonly cluster: string;
  readonly namespace: string;
  readonly subject: string;
  readonly needs: readonly StepId[];
  readonly context: ProvisionerContext;
  readonly family: Family;
  readonly render: (step: StepContext) => Promise<readonly KubeObject[]>;
}

export function awaitStep(options: AwaitStepOptions): Step {
  const { cluster, namespace } = options;
  return defineStep<Record<string, never>>({
    id: options.id,
    title: `wait until ${cluster} is available`,
    subject: options.subject,
    needs: options.needs,
    observe: () => Promise.resolve({}),
    change: () => ({ kind: 'none', summary: `wait until ${formatRef({ ...CLUSTER, namespace, name: cluster })} is available` }),
    apply: () => Promise.resolve({}),
    verify: async (step) => {
      const home = await findHome(options.family, guideOfStep(step, options.context));
      if (!home) throw new SlipwayError('SLW-CAP-401', `no cluster that could hold the definition of ${cluster} answers`);
      if (home.isMoving) return;
      const refs = (await options.render(step)).map(refOf);
      const wait = { client: home.client, cluster: { namespace, name: cluster }, attendant: step };
      await attendanceOf(home.place, options.context).during(step, home.client, () => awaitAvailable(wait, refs));
    },
  });
}
