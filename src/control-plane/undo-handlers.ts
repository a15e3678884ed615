/** Undo handlers of every step of this folder, by the names that stand in journals. */
import type { UndoHandlers } from '../engine/step.ts';
import { REMOVE_CLUSTER, removeClusterHandler } from './prepare-step.ts';
import { STOP_RUNTIME, stopRuntimeHandler } from './runtime/runtime-step.ts';
import { STOP_PROCESS, stopProcessHandler } from './run-step.ts';

export const controlPlaneUndoHandlers: UndoHandlers = new Map([
  [REMOVE_CLUSTER, removeClusterHandler],
  [STOP_RUNTIME, stopRuntimeHandler],
  [STOP_PROCESS, stopProcessHandler],
]);
