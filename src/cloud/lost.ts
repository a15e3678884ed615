/**
 * How things in AWS are found that OpenTofu has made and forgotten. A tag of ours is proof; a name is none, as anybody may have taken it, so
 * that what bears our name is looked at before it counts. What has neither is part of something that the state has.
 * Import ids: the section "Import" of each type in https://registry.terraform.io/providers/hashicorp/aws/latest/docs.
 */
import { type AwsPlace, type AwsRun, sharedAws } from '../aws/account.ts';
import { findTagged, type Tagged } from '../aws/tagged.ts';
import type { Json } from '../core/digest.ts';
import type { Attributes, Fit, FoundResource, LostFinder, SoughtResource } from '../tofu/lost.ts';
import { OWNER_TAG } from './marks.ts';

const POD_IDENTITY = 'aws_eks_pod_identity_association';

type IdOf = (planned: Attributes) => string | undefined;

const joined = (separator: string, ...fields: readonly string[]): IdOf => {
  return (planned) => {
    const parts = fields.map((field) => planned[field]);
    return parts.every((part) => typeof part === 'string' && part !== '') ? parts.join(separator) : undefined;
  };
};

/** Names that somebody else may have taken. */
const NAMED: Readonly<Record<string, IdOf>> = {
  aws_autoscaling_group: joined('', 'name'),
  aws_cloudwatch_log_group: joined('', 'name'),
  aws_eks_access_entry: joined(':', 'cluster_name', 'principal_arn'),
  aws_eks_addon: joined(':', 'cluster_name', 'addon_name'),
  aws_eks_cluster: joined('', 'name'),
  aws_eks_node_group: joined(':', 'cluster_name', 'node_group_name'),
  aws_iam_instance_profile: joined('', 'name'),
  aws_iam_role: joined('', 'name'),
  aws_key_pair: joined('', 'key_name'),
  aws_s3_bucket: joined('', 'bucket'),
};

/** Parts of what the state has: whose it is follows from that. */
const PARTS: Readonly<Record<string, IdOf>> = {
  aws_eks_access_policy_association: joined('#', 'cluster_name', 'principal_arn', 'policy_arn'),
  aws_iam_role_policy: joined(':', 'role', 'name'),
  aws_iam_role_policy_attachment: joined('/', 'role', 'policy_arn'),
  aws_route: joined('_', 'route_table_id', 'destination_cidr_block'),
  aws_route_table_association: joined('/', 'subnet_id', 'route_table_id'),
  aws_s3_bucket_lifecycle_configuration: joined('', 'bucket'),
  aws_s3_bucket_ownership_controls: joined('', 'bucket'),
  aws_s3_bucket_policy: joined('', 'bucket'),
  aws_s3_bucket_public_access_block: joined('', 'bucket'),
  aws_s3_bucket_server_side_encryption_configuration: joined('', 'bucket'),
  aws_s3_bucket_versioning: joined('', 'bucket'),
};

/** Named by AWS itself: the id as it stands in the ARN. */
const TAGGED: Readonly<Record<string, RegExp>> = {
  aws_eip: /\/(eipalloc-\w+)$/,
  aws_eks_pod_identity_association: /:podidentityassociation\/(.+\/a-\w+)$/,
  aws_flow_log: /\/(fl-\w+)$/,
  aws_internet_gateway: /\/(igw-\w+)$/,
  aws_kms_key: /:kms:[^/]*:key\/([\w-]+)$/,
  aws_launch_template: /\/(lt-\w+)$/,
  aws_lb_target_group: /^(.*:targetgroup\/.*)$/,
  aws_nat_gateway: /\/(nat-\w+)$/,
  aws_route_table: /\/(rtb-\w+)$/,
  aws_security_group: /\/(sg-\w+)$/,
  aws_subnet: /\/(subnet-\w+)$/,
  aws_vpc: /\/(vpc-\w+)$/,
  aws_vpc_endpoint: /\/(vpce-\w+)$/,
  aws_vpc_security_group_egress_rule: /\/(sgr-\w+)$/,
  aws_vpc_security_group_ingress_rule: /\/(sgr-\w+)$/,
};

/** The id that the provider says is no import id. */
const DERIVED: readonly string[] = [
  ...['aws_autoscaling_attachment', 'aws_eks_pod_identity_association', 'aws_iam_role_policy_attachment'],
  ...['aws_route', 'aws_route_table_association'],
];

/** In one account and region, by the marks of the module's own values. */
export function awsLostFinder(run: AwsRun, place: AwsPlace, signal: AbortSignal): LostFinder {
  return {
    derived: new Set(DERIVED),
    find: async (lost, known) => {
      const tagged = await taggedOf(run, place, { lost, signal });
      return lost.flatMap((one) => candidates(one, { tagged, known, lost }));
    },
  };
}

async function taggedOf(
  run: AwsRun,
  place: AwsPlace,
  { lost, signal }: { readonly lost: readonly SoughtResource[]; readonly signal: AbortSignal },
): Promise<readonly Tagged[]> {
  const owners = new Set(lost.filter(({ type }) => type in TAGGED).flatMap(({ planned }) => ownerOf(planned) ?? []));
  if (owners.size === 0) return [];
  return findTagged(sharedAws(run, place), { key: OWNER_TAG, values: [...owners] }, signal);
}

interface Seen {
  readonly tagged: readonly Tagged[];
  readonly known: ReadonlySet<string>;
  readonly lost: readonly SoughtResource[];
}

/** Pure: what may be the thing sought, and how to be sure. */
export function candidates({ address, type, planned }: SoughtResource, { tagged, known, lost }: Seen): readonly FoundResource[] {
  const part = PARTS[type]?.(planned);
  if (part !== undefined) return [{ address, id: part }];
  const name = NAMED[type]?.(planned);
  const owner = ownerOf(planned);
  if (name !== undefined && owner !== undefined)
    return [{ address, id: name, fits: (there) => (ownerOf(there) === owner ? conditionOf(there) : 'no') }];
  if (type === 'aws_kms_alias') return aliasOf(address, planned);
  const pattern = TAGGED[type];
  if (!pattern || owner === undefined) return [];
  const ids = tagged.filter(({ tags }) => sameTags(tags, tagsOf(planned))).flatMap(({ arn }) => pattern.exec(arn)?.[1] ?? []);
  const unknown = ids.filter((id) => !known.has(id.split('/').at(-1) ?? id) && !known.has(id));
  const rivals = lost.filter((other) => other.type === type && sameTags(tagsOf(other.planned), tagsOf(planned)));
  // Where several have the same tags, what else the module gives them tells them apart.
  const isSure = unknown.length === 1 && rivals.length === 1;
  const fits = (there: Attributes): Fit => (hasSame(there, planned) ? 'yes' : 'no');
  return unknown.map((id) => ({ address, id: type === POD_IDENTITY ? id.replace('/', ',') : id, ...(!isSure && { fits }) }));
}

function aliasOf(address: string, planned: Attributes): readonly FoundResource[] {
  const { name, target_key_id: target } = planned;
  if (typeof name !== 'string' || typeof target !== 'string') return [];
  return [{ address, id: name, fits: (there) => (there['target_key_id'] === target || there['target_key_arn'] === target ? 'yes' : 'no') }];
}

/** A control plane or a pool that failed can only be removed (https://docs.aws.amazon.com/eks/latest/APIReference/API_Nodegroup.html, status). */
function conditionOf({ status }: Attributes): Fit {
  if (status === 'CREATING') return 'later';
  return status === 'CREATE_FAILED' || status === 'FAILED' ? 'broken' : 'yes';
}

const ownerOf = (attributes: Attributes): string | undefined => tagsOf(attributes)[OWNER_TAG];

type Tags = Readonly<Record<string, string>>;

/** Groups of instances have their tags in blocks. */
function tagsOf({ tags_all: all, tags, tag: blocks }: Attributes): Tags {
  const listed = Array.isArray(blocks) ? (blocks as readonly { readonly key: string; readonly value: string }[]) : [];
  return { ...(tags as Tags | null), ...(all as Tags | null), ...Object.fromEntries(listed.map(({ key, value }) => [key, value])) };
}

/** Others may have added tags. */
const sameTags = (there: Tags, wanted: Tags): boolean => Object.entries(wanted).every(([key, value]) => there[key] === value);

/** Texts and numbers that the module gives are as given. */
function hasSame(there: Attributes, planned: Attributes): boolean {
  return Object.entries(planned).every(([name, value]) => !isPlain(value) || !isPlain(there[name]) || there[name] === value);
}

const isPlain = (value: Json | undefined): boolean =>
  (typeof value === 'string' && value !== '' && value !== '(sensitive)') || typeof value === 'number';
