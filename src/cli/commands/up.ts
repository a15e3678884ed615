/** `slipway up [FILE]`: make the world as the project says; with a plan file, exactly that or nothing. */
import { resolve } from 'node:path';
import { upProject } from '../../project/up.ts';
import { createConsent } from '../consent.ts';
import type { CommandRun } from '../context.ts';
import type { ConsentFlags, ProjectFlags } from '../flags.ts';
import { finishOperation } from '../outcome.ts';
import { operationOptions } from '../session.ts';

export type UpFlags = ProjectFlags & ConsentFlags;

const run: CommandRun<UpFlags, readonly [string?]> = async (session, flags, [planFile]) => {
  const consent = createConsent(session, flags);
  const plan = planFile === undefined ? {} : { planFile: resolve(session.host.env.cwd, planFile) };
  const result = await upProject({ ...operationOptions(session, flags), ...plan, confirm: consent.confirm });
  return finishOperation(session, 'up', { result, consent });
};

export default run;
