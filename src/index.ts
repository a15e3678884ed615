/**
 * Slipway as a library: the operations of the command line as functions. Named exports only.
 */
export { SlipwayError, SlipwayErrors } from './core/errors.ts';
export { Redactor } from './core/redaction.ts';
export { createNodeHost } from './host/node.ts';
export { downProject } from './project/down.ts';
export { planProject } from './project/plan.ts';
export { projectStatus, watchProjectStatus } from './project/status.ts';
export { upProject } from './project/up.ts';
export { validateProject } from './project/validate.ts';
export type { Host } from './host/host.ts';
export type { SlipwayEvent } from './engine/events.ts';
export type { PlanData } from './engine/plan-data.ts';
export type { DownOptions, OperationOptions, OperationResult, PlanOptions, ProjectStatus, UpOptions } from './project/operations.ts';
