/** `slipway validate`: everything that can be known about a project without touching anything. */
import type { OperationOptions, ValidateResult } from './operations.ts';
import { findProject } from './workspace.ts';

/** @throws SlipwayErrors with every fault of the files, each with its position */
export async function validateProject(options: OperationOptions): Promise<ValidateResult> {
  const { name, loaded } = await findProject(options);
  const documents = [...(loaded?.networks ?? []), ...(loaded?.clusters ?? [])].map(({ subject, name: own, at }) => ({
    kind: subject.slice(0, subject.indexOf('/')),
    name: own,
    file: at.file,
  }));
  return { project: name, documents };
}
