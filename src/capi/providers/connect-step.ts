/** The step that connects webhooks once the managers run. */
import { SlipwayError } from '../../core/errors.ts';
import type { Step } from '../../engine/step.ts';
import type { ProviderStepsOptions } from './options.ts';

export function connectWebhooksStep(_options: ProviderStepsOptions): Step {
  throw new SlipwayError('SLW-BUG-001', 'the step that connects webhooks is not built yet');
}
