/** Takes the providers off a cluster again, from the journal alone. */
import { SlipwayError } from '../../core/errors.ts';
import type { UndoHandler } from '../../engine/step.ts';
import type { ConnectForUndo } from './options.ts';

export function removeProvidersHandler(_connect: ConnectForUndo): UndoHandler {
  return {
    undo: () => {
      throw new SlipwayError('SLW-BUG-001', 'removing providers is not built yet');
    },
  };
}
