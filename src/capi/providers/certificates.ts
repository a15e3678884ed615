/**
 * Serving certificates of managers that run as pods: an authority in one Secret, and under it one certificate in the Secret that each
 * manager mounts. No cert-manager. A renewed certificate is read by the managers themselves; a renewed authority stays beside the one before.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Host } from '../../host/host.ts';
import { marked } from '../../kube/ownership.ts';
import type { KubeClient, KubeObject, ObjectRef } from '../../kube/types.ts';
import { createAuthority, issueLeaf, type KeyAndCertificate, needsRenewal } from '../../pki/certificates.ts';
import { AUTHORITY_LIFE_MS, LEAF_LIFE_MS } from '../../pki/identity-files.ts';
import { SLIPWAY_NAMESPACE } from '../words.ts';
import type { ProviderComponents } from './components.ts';

const AUTHORITY_SECRET: ObjectRef = {
  apiVersion: 'v1',
  kind: 'Secret',
  namespace: SLIPWAY_NAMESPACE,
  name: 'slipway-webhook-authority',
};
const NAMESPACE: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SLIPWAY_NAMESPACE } };
/** Clocks of neighbours differ a little. */
const BACKDATE_MS = 5 * 60_000;

interface Serving {
  readonly ref: ObjectRef;
  readonly dnsNames: readonly string[];
}

/** The Secret that the manager mounts, and the names under which its Service is called. */
function servingOf({ objects, facts }: ProviderComponents): Serving | undefined {
  const service = objects.find(({ kind }) => kind === 'Service');
  const deployment = objects.find(({ kind }) => kind === 'Deployment');
  if (!service || !deployment) return undefined;
  const { template } = deployment['spec'] as {
    readonly template: { readonly spec: { readonly volumes?: readonly { readonly secret?: { readonly secretName: string } }[] } };
  };
  const name = template.spec.volumes?.find(({ secret }) => secret)?.secret?.secretName;
  if (name === undefined) return undefined;
  const host = `${service.metadata.name}.${facts.namespace}.svc`;
  return { ref: { apiVersion: 'v1', kind: 'Secret', namespace: facts.namespace, name }, dnsNames: [host, `${host}.cluster.local`] };
}

interface Stored extends KeyAndCertificate {
  /** All authorities that are trusted, the present one first. */
  readonly bundle: string;
}

export interface CertificateFault {
  readonly ref: ObjectRef;
  readonly kind: 'create' | 'update';
}

/** Secrets to be made or renewed. Reads only. */
export async function findCertificateFaults(
  client: KubeClient,
  host: Host,
  { components, signal }: { readonly components: readonly ProviderComponents[]; readonly signal: AbortSignal },
): Promise<readonly CertificateFault[]> {
  const servings = components.flatMap((provider) => servingOf(provider) ?? []);
  if (servings.length === 0) return [];
  const authority = await readStored(client, AUTHORITY_SECRET, signal);
  const isAuthorityFit = authority !== undefined && isWhole(authority) && !needsRenewal(authority.certificatePem, host.clock.now());
  const faults: CertificateFault[] = isAuthorityFit ? [] : [{ ref: AUTHORITY_SECRET, kind: authority ? 'update' : 'create' }];
  for (const serving of servings) {
    const stored = await readStored(client, serving.ref, signal);
    if (!stored) faults.push({ ref: serving.ref, kind: 'create' });
    else if (!isAuthorityFit || !isFit(stored, serving, { authority, now: host.clock.now() }))
      faults.push({ ref: serving.ref, kind: 'update' });
  }
  return faults;
}

export interface EnsureCertificatesOptions {
  readonly components: readonly ProviderComponents[];
  readonly owner: string;
  readonly signal: AbortSignal;
}

/** Makes and renews what is due. Safe to call again. The namespaces of the managers must be there. */
export async function ensureCertificates(client: KubeClient, host: Host, options: EnsureCertificatesOptions): Promise<void> {
  const { components, owner, signal } = options;
  const faults = await findCertificateFaults(client, host, options);
  if (faults.length === 0) return;
  const now = host.clock.now();
  const apply = async (object: KubeObject): Promise<unknown> => client.apply(marked(object, owner), { force: true, signal });
  let authority = await readStored(client, AUTHORITY_SECRET, signal);
  if (!authority || faults.some(({ ref }) => ref === AUTHORITY_SECRET)) {
    const fresh = await createAuthority(
      { commonName: 'slipway webhooks' },
      { notBefore: now - BACKDATE_MS, notAfter: now + AUTHORITY_LIFE_MS },
    );
    authority = { ...fresh, bundle: fresh.certificatePem + (authority?.certificatePem ?? '') };
    await apply(NAMESPACE);
    await apply(secret(AUTHORITY_SECRET, authority));
  }
  for (const { ref, dnsNames } of components.flatMap((provider) => servingOf(provider) ?? [])) {
    if (!faults.some((fault) => fault.ref.name === ref.name && fault.ref.namespace === ref.namespace)) continue;
    const leaf = await issueLeaf(authority, {
      subject: { commonName: dnsNames[0]?.slice(0, 64) ?? ref.name },
      usages: ['server'],
      dnsNames,
      validity: { notBefore: now - BACKDATE_MS, notAfter: now + LEAF_LIFE_MS },
    });
    await apply(secret(ref, { ...leaf, bundle: authority.bundle }));
  }
}

/** Every Secret that `ensureCertificates` may have made. */
export function certificateSecrets(components: readonly ProviderComponents[]): readonly ObjectRef[] {
  return [AUTHORITY_SECRET, ...components.flatMap((provider) => servingOf(provider)?.ref ?? [])];
}

/** PEM of the authorities to trust; undefined before the first was made. */
export async function readAuthorities(client: KubeClient, signal: AbortSignal): Promise<string | undefined> {
  return (await readStored(client, AUTHORITY_SECRET, signal))?.bundle;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function secret({ apiVersion, kind, namespace = '', name }: ObjectRef, { certificatePem, privateKeyPem, bundle }: Stored): KubeObject {
  const data = { 'tls.crt': base64(certificatePem), 'tls.key': base64(privateKeyPem), 'ca.crt': base64(bundle) };
  return { apiVersion, kind, metadata: { namespace, name }, type: 'kubernetes.io/tls', data };
}

async function readStored(client: KubeClient, ref: ObjectRef, signal: AbortSignal): Promise<Stored | undefined> {
  const object = await client.get(ref, signal);
  if (!object) return undefined;
  const data = (object['data'] ?? {}) as Readonly<Record<string, string>>;
  const read = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString('utf8');
  return { certificatePem: read('tls.crt'), privateKeyPem: read('tls.key'), bundle: read('ca.crt') };
}

function isWhole({ certificatePem, privateKeyPem }: KeyAndCertificate): boolean {
  try {
    return new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(privateKeyPem));
  } catch {
    return false;
  }
}

function isFit(stored: Stored, { dnsNames }: Serving, { authority, now }: { readonly authority: Stored; readonly now: number }): boolean {
  if (!isWhole(stored) || needsRenewal(stored.certificatePem, now) || stored.bundle !== authority.bundle) return false;
  const certificate = new X509Certificate(stored.certificatePem);
  return (
    certificate.verify(new X509Certificate(authority.certificatePem).publicKey) &&
    dnsNames.every((name) => certificate.checkHost(name) !== undefined)
  );
}
