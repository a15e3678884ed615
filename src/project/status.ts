import type { OperationOptions, ProjectStatus } from './operations.ts';

export function projectStatus(_options: OperationOptions): Promise<ProjectStatus> {
  throw new Error('being built');
}

export function watchProjectStatus(_options: OperationOptions): AsyncIterable<ProjectStatus> {
  throw new Error('being built');
}
