/** The older way to say who may use a cluster: ConfigMap kube-system/aws-auth (https://docs.aws.amazon.com/eks/latest/userguide/auth-configmap.html). */
import { stringify } from 'yaml';
import type { EksCluster } from '../../config/resolved.ts';
import { digestOf, type Json } from '../../core/digest.ts';
import { type Change, defineStep, type Step, type UndoHandler } from '../../engine/step.ts';
import type { KubeClient, KubeObject } from '../../kube/types.ts';
import { ownerLabels, ownerOf } from '../../kube/ownership.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { eksStepIds } from './ids.ts';
import { connectCluster, connectFromRecords, madeCluster } from './reach-step.ts';

export const UNMAP_USERS = 'eks/unmap-users';

const REF = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'kube-system', name: 'aws-auth' } as const;

type AwsAuth = NonNullable<EksCluster['eks']['awsAuth']>;

export function mapUsersStep(cluster: EksCluster, awsAuth: AwsAuth, context: ProvisionerContext): Step {
  const ids = eksStepIds(cluster.name);
  const wanted = awsAuthConfigMap(awsAuth, ownerOf(context.stateId, cluster.name));
  const connect = async (step: Parameters<Step['observe']>[0]): Promise<KubeClient | undefined> => {
    const made = madeCluster(step.outputs(ids.module), cluster.eks);
    return made && step.outputs(ids.reach) ? (await connectCluster(cluster, context, { made, step, waitMs: 0 })).client : undefined;
  };
  return defineStep<{ readonly isThere: boolean; readonly isSame: boolean }>({
    id: ids.users,
    title: `map users and roles of IAM in ${cluster.name}`,
    subject: cluster.subject,
    needs: [ids.reach],
    observe: async (step) => {
      const found = await (await connect(step))?.get(REF, step.signal);
      return { isThere: found !== undefined, isSame: digestOf((found?.['data'] ?? null) as Json) === digestOf(wanted['data'] as Json) };
    },
    change: ({ isThere, isSame }): Change => {
      if (isSame) return { kind: 'none', summary: 'aws-auth is as described' };
      return { kind: isThere ? 'update' : 'create', summary: 'apply ConfigMap kube-system/aws-auth' };
    },
    intent: () => Promise.resolve({ undo: { handler: UNMAP_USERS, title: `remove aws-auth from ${cluster.name}`, data: {} } }),
    apply: async (step) => {
      await (await connect(step))?.apply(wanted, { force: true, signal: step.signal });
      return {};
    },
  });
}

/** Pure. Each list is YAML inside the ConfigMap. */
export function awsAuthConfigMap({ users, roles, accounts }: AwsAuth, owner: string): KubeObject {
  const mapUsers = users.map(({ userArn, username, groups }) => ({ userarn: userArn, username, groups }));
  const mapRoles = roles.map(({ roleArn, username, groups }) => ({ rolearn: roleArn, username, groups }));
  return {
    ...{ apiVersion: REF.apiVersion, kind: REF.kind },
    metadata: { name: REF.name, namespace: REF.namespace, labels: ownerLabels(owner) },
    data: { mapUsers: stringify(mapUsers), mapRoles: stringify(mapRoles), mapAccounts: stringify(accounts) },
  };
}

/** On the way down the ConfigMap goes with its cluster. */
export function unmapUsersHandler(context: ProvisionerContext): UndoHandler {
  return {
    undo: async (undo) => {
      if (undo.options['down'] === true) return;
      const name = undo.record.subject.slice('Cluster/'.length);
      const client = await connectFromRecords(undo, name, context);
      await client?.delete(REF, { signal: undo.signal });
    },
  };
}
