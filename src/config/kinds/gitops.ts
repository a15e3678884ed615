/**
 * `spec.gitops` of a Cluster: what Flux fetches and applies. Words and defaults follow Flux's own objects
 * (https://fluxcd.io/flux/components/), so that a reader of one understands the other.
 */
import * as z from 'zod';
import { atMostOne, duration, exactlyOne, label, line, objectName, secret, SECRET_NOTE, value } from './vocabulary.ts';

const sshAuth = z.strictObject({
  knownHosts: value()
    .describe(
      'Host keys that are trusted, in the format of known_hosts (ssh-keyscan prints them): text, {file: path} or {env: NAME}. Required: no key is trusted on first use.',
    )
    .meta({ examples: ['git.example.com ssh-ed25519 AAAAC3Nza…'] }),
  privateKey: secret()
    .exactOptional()
    .describe(
      `Private key of a deploy key. ${SECRET_NOTE} Default: an ed25519 key is generated in the state folder, and its public half printed.`,
    ),
});

const gitAuth = exactlyOne(
  z.strictObject({
    token: secret().exactOptional().describe(`Access token or password for http(s). Read access is enough. ${SECRET_NOTE}`),
    username: line()
      .exactOptional()
      .describe('User name sent with the token. GitHub and GitLab accept any; Bitbucket wants x-token-auth. Default: git.')
      .meta({ examples: ['x-token-auth'] }),
    ssh: sshAuth.exactOptional().describe('Authentication for ssh:// URLs.'),
  }),
  ['token', 'ssh'],
);

export const gitSource = atMostOne(
  z.strictObject({
    url: line()
      .describe(
        'Where the repository is: a path (relative to the folder of this file; served on loopback), or a https://, http:// or ssh:// URL.',
      )
      .meta({ examples: ['./fleet', 'https://github.com/example/fleet.git', 'ssh://git@github.com/example/fleet.git'] }),
    branch: line()
      .exactOptional()
      .describe('Branch to follow. Default: main, when neither tag nor commit is given.')
      .meta({ examples: ['main'] }),
    tag: line()
      .exactOptional()
      .describe('Tag to stay at, instead of a branch.')
      .meta({ examples: ['v1.2.0'] }),
    commit: z
      .string()
      .regex(/^[0-9a-f]{40}$/, { error: 'must be a full commit id of 40 lower-case hexadecimal digits' })
      .exactOptional()
      .describe('Commit to stay at, as 40 hexadecimal digits, instead of a branch.')
      .meta({ examples: ['3f2a9c0d5e6b7a8192a3b4c5d6e7f8091a2b3c4d'] }),
    interval: duration()
      .default('1m')
      .describe('How often Flux looks for new commits. Default: 1m.')
      .meta({ examples: ['5m'] }),
    timeout: duration()
      .default('60s')
      .describe('Bound of one fetch. Default: 60s.')
      .meta({ examples: ['2m'] }),
    auth: gitAuth.exactOptional().describe('How Flux authenticates. Default: anonymously. Not for paths.'),
    caBundle: value()
      .exactOptional()
      .describe('PEM certificates that sign the https server: text, {file: path} or {env: NAME}. Default: the public authorities.')
      .meta({ examples: ['-----BEGIN CERTIFICATE-----…'] }),
  }),
  ['branch', 'tag', 'commit'],
);

const ociAuth = z.strictObject({
  username: value()
    .describe('User name at the registry: text, {env: NAME} or {file: path}.')
    .meta({ examples: ['robot'] }),
  password: secret().describe(`Password or token at the registry. ${SECRET_NOTE}`),
});

export const ociSource = atMostOne(
  z.strictObject({
    url: z
      .string()
      .regex(/^oci:\/\/[^\s/@]+\/[^\s@]+$/, { error: 'must be oci://HOST/NAME, without tag or digest' })
      .describe('Where the artifact is, without tag or digest.')
      .meta({ examples: ['oci://registry.example.com/fleet'] }),
    tag: line()
      .exactOptional()
      .describe('Tag to follow. Default: latest, when neither semver nor digest is given.')
      .meta({ examples: ['stable'] }),
    semver: line()
      .exactOptional()
      .describe('Range of versions to follow; the highest match is taken.')
      .meta({ examples: ['>=1.0.0 <2.0.0'] }),
    digest: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/, { error: 'must be sha256: and 64 lower-case hexadecimal digits' })
      .exactOptional()
      .describe('Digest to stay at.')
      .meta({ examples: [`sha256:${'0'.repeat(64)}`] }),
    interval: duration()
      .default('1m')
      .describe('How often Flux looks for a new artifact. Default: 1m.')
      .meta({ examples: ['5m'] }),
    timeout: duration()
      .default('60s')
      .describe('Bound of one fetch. Default: 60s.')
      .meta({ examples: ['2m'] }),
    insecure: z.boolean().default(false).describe('Whether the registry is spoken to over plain http. Default: false.'),
    auth: ociAuth.exactOptional().describe('How Flux authenticates at the registry. Default: anonymously.'),
  }),
  ['tag', 'semver', 'digest'],
);

const healthCheck = z.strictObject({
  apiVersion: line()
    .describe('API version of the object.')
    .meta({ examples: ['apps/v1'] }),
  kind: line()
    .describe('Kind of the object.')
    .meta({ examples: ['Deployment'] }),
  name: objectName()
    .describe('Name of the object.')
    .meta({ examples: ['web'] }),
  namespace: label()
    .exactOptional()
    .describe('Namespace of the object; left out for objects without one.')
    .meta({ examples: ['apps'] }),
});

const healthCheckExpression = z.strictObject({
  apiVersion: line()
    .describe('API version of the objects judged.')
    .meta({ examples: ['cert-manager.io/v1'] }),
  kind: line()
    .describe('Kind of the objects judged.')
    .meta({ examples: ['Certificate'] }),
  current: z
    .string()
    .describe('CEL expression that is true when the object is ready.')
    .meta({ examples: ["status.conditions.filter(e, e.type == 'Ready').all(e, e.status == 'True')"] }),
  inProgress: z.string().exactOptional().describe('CEL expression that is true while the object is on its way.'),
  failed: z.string().exactOptional().describe('CEL expression that is true when the object has failed.'),
});

const patchTarget = z.strictObject({
  group: line().exactOptional().describe('API group of the objects patched.'),
  version: line().exactOptional().describe('API version of the objects patched.'),
  kind: line()
    .exactOptional()
    .describe('Kind of the objects patched.')
    .meta({ examples: ['Deployment'] }),
  name: line().exactOptional().describe('Name of the objects patched; a regular expression.'),
  namespace: line().exactOptional().describe('Namespace of the objects patched; a regular expression.'),
  labelSelector: line().exactOptional().describe('Label selector of the objects patched.'),
  annotationSelector: line().exactOptional().describe('Annotation selector of the objects patched.'),
});

const patch = z.strictObject({
  patch: z
    .string()
    .describe('Strategic merge patch or JSON 6902 patch, as text.')
    .meta({ examples: ['[{"op": "replace", "path": "/spec/replicas", "value": 3}]'] }),
  target: patchTarget.exactOptional().describe('Which objects are patched. Default: those the patch itself names.'),
});

const substituteFrom = z.strictObject({
  kind: z.enum(['ConfigMap', 'Secret']).describe('Kind of the object in namespace flux-system that holds the variables.'),
  name: objectName()
    .describe('Name of that object.')
    .meta({ examples: ['cluster-settings'] }),
  optional: z.boolean().default(false).describe('Whether the object may be missing. Default: false.'),
});

const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'must be the name of a variable: letters, digits and _' });

const postBuild = z.strictObject({
  substitute: z
    .record(
      variableName,
      value().describe(
        'Value of the variable: text, {env: NAME}, {file: path} or {output: Cluster/NAME.field}. It stands in clear text in the cluster.',
      ),
    )
    .default({})
    .describe('Variables put in for ${NAME} in the manifests. Default: none.')
    .meta({ examples: [{ cluster_name: 'demo' }] }),
  substituteFrom: z.array(substituteFrom).default([]).describe('ConfigMaps and Secrets that hold further variables. Default: none.'),
});

const decryption = z.strictObject({
  sops: z.strictObject({ age: secret().describe(`Private age key (AGE-SECRET-KEY-1…). ${SECRET_NOTE}`) }).describe('Decryption with SOPS.'),
});

export const kustomization = z.strictObject({
  path: line()
    .describe('Folder in the repository, relative to its top.')
    .meta({ examples: ['./clusters/demo'] }),
  dependsOn: z
    .array(label().describe('Name of a Kustomization of this cluster.'))
    .default([])
    .describe('Kustomizations of this cluster, of any repository, that must be ready first. Default: none.')
    .meta({ examples: [['platform']] }),
  wait: z.boolean().default(true).describe('Whether it is ready only when all its objects are. Default: true.'),
  prune: z.boolean().default(true).describe('Whether objects that left the repository are deleted. Default: true.'),
  interval: duration()
    .default('10m')
    .describe('How often drift is corrected, apart from new revisions, which are applied at once. Default: 10m.')
    .meta({ examples: ['30m'] }),
  timeout: duration()
    .default('5m')
    .describe('Bound of applying and of health checks. Default: 5m.')
    .meta({ examples: ['10m'] }),
  retryInterval: duration()
    .default('1m')
    .describe('How soon a failed attempt is repeated. Default: 1m.')
    .meta({ examples: ['30s'] }),
  targetNamespace: label()
    .exactOptional()
    .describe('Namespace put on all its objects. Default: what the manifests say.')
    .meta({ examples: ['apps'] }),
  suspend: z.boolean().default(false).describe('Whether Flux leaves it alone. Default: false.'),
  force: z
    .boolean()
    .default(false)
    .describe('Whether objects are recreated when an immutable field changes; they are gone for a moment. Default: false.'),
  healthChecks: z.array(healthCheck).default([]).describe('Objects whose readiness decides; only with wait: false. Default: none.'),
  healthCheckExprs: z
    .array(healthCheckExpression)
    .default([])
    .describe('CEL expressions that judge the readiness of custom resources. Default: none.'),
  decryption: decryption.exactOptional().describe('How encrypted Secrets in the repository are decrypted. Default: not at all.'),
  postBuild: postBuild.exactOptional().describe('Variables that are put into the manifests after the build.'),
  serviceAccountName: objectName()
    .exactOptional()
    .describe('ServiceAccount in flux-system as which Flux applies. Default: the controller’s own.')
    .meta({ examples: ['tenant-a'] }),
  patches: z.array(patch).default([]).describe('Patches put onto the manifests after the build. Default: none.'),
});

const repository = exactlyOne(
  z.strictObject({
    git: gitSource.exactOptional().describe('A Git repository, or a folder that is served like one.'),
    oci: ociSource.exactOptional().describe('An OCI artifact made with `flux push artifact` or the like.'),
    kustomizations: z
      .record(label(), kustomization.describe('One Flux Kustomization; its name is the key.'))
      .default({})
      .describe('What is applied from this repository, by name. Names are unique in a cluster, over all its repositories. Default: none.'),
  }),
  ['git', 'oci'],
);

export const gitops = z.strictObject({
  flux: z
    .strictObject({
      version: line().exactOptional().describe('Reserved. This version of Slipway installs the Flux version it is tested with.'),
    })
    .exactOptional()
    .describe('Settings of Flux itself. Reserved.'),
  repositories: z
    .record(label(), repository.describe('One source; its name is the key, and the name of the Flux object in namespace flux-system.'))
    .default({})
    .describe('The sources Flux fetches, by name. Default: none; Flux is installed nevertheless.'),
});

export type GitopsSpec = z.output<typeof gitops>;
export type RepositorySpec = z.output<typeof repository>;
export type GitSourceSpec = z.output<typeof gitSource>;
export type OciSourceSpec = z.output<typeof ociSource>;
export type KustomizationSpec = z.output<typeof kustomization>;
