/** The place of the state of OpenTofu, made before anything that uses it and removed after everything. */
import { connectAws } from '../aws/aws.ts';
import { type AwsPlace, requireAccount } from '../aws/account.ts';
import { STATE_BUCKET_HANDLER, stateBucketName, type StateBucketOptions, stateBucketStep, stateBucketUndo } from '../aws/state-bucket.ts';
import type { Step, UndoHandlers } from '../engine/step.ts';
import type { CloudContext } from './cloud.ts';

export interface StatePlaceOptions {
  readonly project: string;
  readonly signal: AbortSignal;
}

export interface PreparedState {
  readonly bucket: string | undefined;
  readonly steps: readonly Step[];
}

/** Nothing with local state. Asks who we are, because the bucket is named after the account. @throws SLW-NET-002, SLW-AWS-… */
export async function prepareState(
  context: Pick<CloudContext, 'host' | 'redactor' | 'shared' | 'defer' | 'state' | 'remoteState'>,
  { project, signal }: StatePlaceOptions,
): Promise<PreparedState> {
  const { state } = context;
  if (state.backend === 'local') return { bucket: undefined, steps: [] };
  const { region, profile, bucket, prefix, kmsKeyArn } = state.s3;
  const { account } = await requireAccount(context, state.s3, signal);
  const name = bucket ?? stateBucketName({ project, account, region });
  const step = stateBucketStep({
    ...{ name, region, project },
    prefix: `${prefix}/`,
    connect: connector(context),
    ...(profile !== undefined && { profile }),
    ...(kmsKeyArn !== undefined && { kmsKeyArn }),
    ...(context.remoteState && { onReady: context.remoteState.arrived }),
  });
  return { bucket: name, steps: [step] };
}

export function stateUndoHandlers(context: Pick<CloudContext, 'host' | 'redactor' | 'remoteState'>): UndoHandlers {
  return new Map([[STATE_BUCKET_HANDLER, stateBucketUndo(connector(context), context.remoteState?.leaving)]]);
}

function connector({ host, redactor }: Pick<CloudContext, 'host' | 'redactor'>): StateBucketOptions['connect'] {
  return (region: AwsPlace['region'], profile?: string) =>
    connectAws(host, { region, redactor, ...(profile !== undefined && { profile }) });
}
