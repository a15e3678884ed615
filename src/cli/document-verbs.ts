/** The verbs `bootstrap` and `cluster`: init, update and destroy of the documents of one kind, by the same engine as up and down. */
import { exits } from '../core/exits.ts';
import { downProject } from '../project/down.ts';
import { initProject, selectKind } from '../project/init.ts';
import type { OperationOptions } from '../project/operations.ts';
import { upProject } from '../project/up.ts';
import { createConsent } from './consent.ts';
import type { Session } from './context.ts';
import type { ConsentFlags, ProjectFlags } from './flags.ts';
import { finishOperation } from './outcome.ts';
import { planLines } from './render/plan-text.ts';
import { operationOptions } from './session.ts';

export interface DocumentFlags extends Omit<ProjectFlags, 'file' | 'only'>, ConsentFlags {
  readonly config: string;
}

export type DocumentKind = 'Network' | 'Cluster';

const optionsOf = (session: Session, flags: DocumentFlags): OperationOptions => operationOptions(session, { ...flags, file: flags.config });

/** Makes the place of the state and shows what update would do. */
export async function initDocuments(session: Session, kind: DocumentKind, flags: DocumentFlags): Promise<number> {
  const options = optionsOf(session, flags);
  const consent = createConsent(session, flags);
  const only = await selectKind(options, kind);
  const { result, plan } = await initProject({ ...options, only, confirm: consent.confirm });
  if (result.status !== 'done' || !plan) return finishOperation(session, 'up', { result, consent });
  const verb = kind === 'Network' ? 'bootstrap' : 'cluster';
  session.result('plan', plan, [
    ...planLines(plan, session.paint),
    `Ready; make it so with: slipway ${verb} update --config ${flags.config}`,
  ]);
  return exits.done;
}

export async function updateDocuments(session: Session, kind: DocumentKind, flags: DocumentFlags): Promise<number> {
  const options = optionsOf(session, flags);
  const consent = createConsent(session, flags);
  const result = await upProject({ ...options, only: await selectKind(options, kind), confirm: consent.confirm });
  return finishOperation(session, 'up', { result, consent });
}

export async function destroyDocuments(session: Session, kind: DocumentKind, flags: DocumentFlags): Promise<number> {
  const options = optionsOf(session, flags);
  const consent = createConsent(session, flags);
  const only = await selectKind(options, kind, { mayBeBroken: true });
  const result = await downProject({ ...options, only, prune: false, forget: false, confirm: consent.confirm });
  return finishOperation(session, 'down', { result, consent });
}
