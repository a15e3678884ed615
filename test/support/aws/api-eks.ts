/** EKS' REST API: reads of clusters and node groups. */
import { type ApiCall, json, unanswered } from './api-answer.ts';
import { AwsFailure } from './failure.ts';
import { type Wire, viewOf } from './provider-wire.ts';
import type { HttpAnswer } from './server.ts';
import { type Attributes, blockOf, tagsOf, text, valuesAt } from './store.ts';

function clusterJson({ account }: Wire, name: string): Attributes {
  const cluster = account.get('aws_eks_cluster', name);
  if (!cluster) throw new AwsFailure('ResourceNotFoundException', `No cluster found for name: ${name}.`, 404);
  const attributes = viewOf(account, cluster);
  const vpc = blockOf(attributes, 'vpc_config');
  return {
    name,
    arn: attributes['arn'],
    version: attributes['version'],
    status: attributes['status'],
    roleArn: attributes['role_arn'],
    platformVersion: attributes['platform_version'],
    // Neither is known before the control plane stands.
    ...(attributes['status'] !== 'CREATING' && {
      endpoint: attributes['endpoint'],
      certificateAuthority: blockOf(attributes, 'certificate_authority'),
    }),
    identity: { oidc: blockOf(blockOf(attributes, 'identity'), 'oidc') },
    resourcesVpcConfig: {
      vpcId: vpc['vpc_id'],
      subnetIds: valuesAt(vpc, 'subnet_ids'),
      securityGroupIds: valuesAt(vpc, 'security_group_ids').filter(Boolean),
      clusterSecurityGroupId: vpc['cluster_security_group_id'],
      endpointPrivateAccess: vpc['endpoint_private_access'],
      endpointPublicAccess: vpc['endpoint_public_access'],
    },
    accessConfig: { authenticationMode: blockOf(attributes, 'access_config')['authentication_mode'] },
    tags: tagsOf(cluster),
  };
}

function nodeGroupJson({ account }: Wire, id: string): Attributes {
  const group = account.get('aws_eks_node_group', id);
  if (!group) throw new AwsFailure('ResourceNotFoundException', 'No node group found for name.', 404);
  const attributes = viewOf(account, group);
  const size = blockOf(attributes, 'scaling_config');
  return {
    nodegroupName: attributes['node_group_name'],
    clusterName: attributes['cluster_name'],
    nodegroupArn: attributes['arn'],
    version: attributes['version'],
    releaseVersion: attributes['release_version'],
    status: attributes['status'],
    scalingConfig: { minSize: size['min_size'], maxSize: size['max_size'], desiredSize: size['desired_size'] },
    labels: attributes['labels'] ?? {},
    resources: {
      autoScalingGroups: valuesAt(attributes, 'resources.autoscaling_groups').map((one) => ({ name: text((one as Attributes)['name']) })),
    },
    health: { issues: [] },
  };
}

function listOf(
  wire: Wire,
  type: string,
  { cluster, attribute }: { readonly cluster: string; readonly attribute: string },
): readonly string[] {
  const found = wire.account.store.list(type).filter((one) => one.attributes['cluster_name'] === cluster);
  return found.map((one) => text(one.attributes[attribute]));
}

type OfCluster = (wire: Wire, cluster: string) => Attributes;

const LISTS: Readonly<Record<string, OfCluster>> = {
  'node-groups': (wire, cluster) => ({ nodegroups: listOf(wire, 'aws_eks_node_group', { cluster, attribute: 'node_group_name' }) }),
  addons: (wire, cluster) => ({ addons: listOf(wire, 'aws_eks_addon', { cluster, attribute: 'addon_name' }) }),
  'access-entries': (wire, cluster) => ({ accessEntries: listOf(wire, 'aws_eks_access_entry', { cluster, attribute: 'principal_arn' }) }),
};

export function answerEks(wire: Wire, call: ApiCall): HttpAnswer {
  const [root, cluster = '', kind, name, ...rest] = call.request.url.pathname.slice(1).split('/').map(decodeURIComponent);
  if (root !== 'clusters' || call.request.method !== 'GET' || rest.length > 0) return unanswered(call);
  if (cluster === '')
    return json({
      clusters: wire.account.store
        .list('aws_eks_cluster')
        .filter((one) => one.region === call.region)
        .map((one) => one.id),
    });
  if (kind === undefined) return json({ cluster: clusterJson(wire, cluster) });
  if (name !== undefined) return kind === 'node-groups' ? json({ nodegroup: nodeGroupJson(wire, `${cluster}:${name}`) }) : unanswered(call);
  const list = LISTS[kind];
  return list ? json(list(wire, cluster)) : unanswered(call);
}
