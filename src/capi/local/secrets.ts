/** The Secrets by which Cluster API and people reach a control plane: kubeconfig and certificate authority, as the contract names them. */
import { clusterLayout } from '../../control-plane/cluster-layout.ts';
import { SlipwayError } from '../../core/errors.ts';
import type { Host } from '../../host/host.ts';
import { formatRef, type KubeClient, type KubeObject, type ObjectRef, type OwnerReference } from '../../kube/types.ts';
import { CLUSTER_NAME_LABEL, CLUSTER_SECRET_TYPE, kubeconfigSecretName, LOCAL_API, LOCAL_CONTROL_PLANE } from '../words.ts';
import type { LocalControlPlaneObject } from './objects.ts';

export interface PublishOptions {
  readonly host: Host;
  readonly client: KubeClient;
  /** Folder of the control plane. */
  readonly dir: string;
  /** Name of the Cluster. */
  readonly name: string;
  readonly owner: LocalControlPlaneObject;
  readonly signal: AbortSignal;
}

/**
 * Makes both Secrets what the folder says; renewed certificates follow. The authority's key stays in the folder: nobody else issues
 * certificates here. @throws SLW-CAP-308 a Secret of that name has another type
 */
export async function publishAccess(options: PublishOptions): Promise<void> {
  const { host, dir, name } = options;
  const layout = clusterLayout(dir);
  const [kubeconfig = '', authority = ''] = await Promise.all([
    host.files.readText(layout.kubeconfig),
    host.files.readText(layout.cert('ca')),
  ]);
  await ensureSecret(options, kubeconfigSecretName(name), { value: kubeconfig });
  await ensureSecret(options, `${name}-ca`, { 'tls.crt': authority });
}

async function ensureSecret(options: PublishOptions, secretName: string, plain: Readonly<Record<string, string>>): Promise<void> {
  const { client, owner, name, signal } = options;
  const ref: ObjectRef = { apiVersion: 'v1', kind: 'Secret', name: secretName, namespace: owner.metadata.namespace ?? '' };
  const data = Object.fromEntries(Object.entries(plain).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
  const labels = { [CLUSTER_NAME_LABEL]: name };
  const found = await client.get(ref, signal);
  if (found && found['type'] !== CLUSTER_SECRET_TYPE)
    throw new SlipwayError('SLW-CAP-308', `${formatRef(ref)} has the type ${String(found['type'])}, not ${CLUSTER_SECRET_TYPE}`, {
      object: formatRef(ref),
    });
  const ownerReferences = ownersWith(found, ownerReference(owner));
  if (!found) {
    const metadata = { name: secretName, namespace: ref.namespace ?? '', labels, ownerReferences };
    await client.create({ apiVersion: 'v1', kind: 'Secret', metadata, type: CLUSTER_SECRET_TYPE, data }, { signal });
  } else if (!isAsWanted(found, { data, labels, ownerReferences })) {
    const { resourceVersion } = found.metadata;
    await client.mergePatch(ref, { metadata: { resourceVersion, labels, ownerReferences }, data }, { signal });
  }
}

const ownerReference = ({ metadata }: LocalControlPlaneObject): OwnerReference => ({
  apiVersion: LOCAL_API,
  kind: LOCAL_CONTROL_PLANE.kind,
  name: metadata.name,
  uid: metadata.uid ?? '',
  controller: true,
  blockOwnerDeletion: true,
});

/** Owners of other kinds stay; a LocalControlPlane of an earlier life goes, or the garbage collector would take the Secret with it. */
function ownersWith(found: KubeObject | undefined, own: OwnerReference): readonly OwnerReference[] {
  const others = (found?.metadata.ownerReferences ?? []).filter(
    ({ kind, apiVersion }) => kind !== own.kind || apiVersion !== own.apiVersion,
  );
  return [...others, own];
}

interface SecretWish {
  readonly data: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly ownerReferences: readonly OwnerReference[];
}

function isAsWanted(found: KubeObject, { data, labels, ownerReferences }: SecretWish): boolean {
  const held = (found['data'] ?? {}) as Readonly<Record<string, string>>;
  const owners = new Map((found.metadata.ownerReferences ?? []).map((owner) => [owner.uid, owner.controller]));
  return (
    Object.entries(data).every(([key, value]) => held[key] === value) &&
    Object.entries(labels).every(([key, value]) => found.metadata.labels?.[key] === value) &&
    owners.size === ownerReferences.length &&
    ownerReferences.every(({ uid, controller }) => owners.has(uid) && owners.get(uid) === controller)
  );
}
