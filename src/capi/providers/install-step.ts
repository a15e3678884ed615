/** The step that installs, corrects and upgrades the providers of a cluster. */
import { SlipwayError } from '../../core/errors.ts';
import type { Step } from '../../engine/step.ts';
import type { ProviderStepsOptions } from './options.ts';

export function installProvidersStep(_options: ProviderStepsOptions): Step {
  throw new SlipwayError('SLW-BUG-001', 'the step that installs providers is not built yet');
}
