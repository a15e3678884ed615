/** For tests: random valid projects, as the plain data of their documents. */
import fc from 'fast-check';

type Data = Record<string, unknown>;

// Names that YAML readers could take for something else belong to the game.
const label = fc.oneof(
  { weight: 4, arbitrary: fc.stringMatching(/^[a-z0-9](?:[-a-z0-9]{0,10}[a-z0-9])?$/) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('on', 'no', 'null', 'true', '1e3', '0755', '2026-01-31', 'constructor', '1.0'.replace('.', '-')),
  },
);
const duration = fc.constantFrom('250ms', '30s', '5m', '1h30m', '1.5h');
const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((value) => !/[\p{Cc}\ufffe\uffff\ufffd]/u.test(value) && !/[{}]/.test(value) && value.isWellFormed());
const secret = fc.oneof(fc.constant({ env: 'TOKEN' }), fc.constant({ file: './token' }));
const plainValue = fc.oneof(text, fc.constant({ env: 'TOKEN' }), fc.constant({ file: 'token' }));

const optional = <T extends Data>(fields: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }, requiredKeys: readonly (keyof T)[] = []) =>
  fc.record(fields, { requiredKeys: [...requiredKeys] }) as fc.Arbitrary<Data>;

const pin = fc.constantFrom<Data>({}, { branch: 'main' }, { tag: 'v1.30' }, { commit: 'a'.repeat(40) });
const times = optional({ interval: duration, timeout: duration });

const tokenAuth = optional({ token: secret, username: text }, ['token']);
const sshAuth = fc.record({ ssh: optional({ knownHosts: plainValue, privateKey: secret }, ['knownHosts']) });

const git = fc
  .oneof(
    fc.constant<Data>({ url: './fleet' }),
    optional({ url: fc.constant('https://git.example.com/a/b.git'), auth: tokenAuth, caBundle: plainValue }, ['url']),
    fc.record({ url: fc.constant('ssh://git@git.example.com/a/b.git'), auth: sshAuth }),
  )
  .chain((base) => fc.tuple(pin, times).map(([ref, more]) => ({ git: { ...base, ...ref, ...more } })));

const oci = fc
  .tuple(
    optional(
      {
        url: fc.constant('oci://registry.example.com/fleet'),
        insecure: fc.boolean(),
        auth: fc.record({ username: plainValue, password: secret }),
      },
      ['url'],
    ),
    fc.constantFrom<Data>({}, { tag: '1.0' }, { semver: '>=1.0.0' }, { digest: `sha256:${'b'.repeat(64)}` }),
  )
  .map(([base, ref]) => ({ oci: { ...base, ...ref } }));

const kustomization = optional(
  {
    path: fc.constantFrom('.', './apps', 'clusters/demo'),
    wait: fc.boolean(),
    prune: fc.boolean(),
    suspend: fc.boolean(),
    force: fc.boolean(),
    interval: duration,
    timeout: duration,
    retryInterval: duration,
    targetNamespace: label,
    serviceAccountName: label,
    healthChecks: fc.array(
      optional({ apiVersion: fc.constant('apps/v1'), kind: fc.constant('Deployment'), name: label, namespace: label }, [
        'apiVersion',
        'kind',
        'name',
      ]),
      { maxLength: 2 },
    ),
    healthCheckExprs: fc.array(fc.constant({ apiVersion: 'a/v1', kind: 'B', current: "status.x == '${y}'" }), { maxLength: 1 }),
    decryption: fc.record({ sops: fc.record({ age: secret }) }),
    postBuild: optional({
      substitute: fc.dictionary(fc.constantFrom('A', 'b_1', '_c'), plainValue),
      substituteFrom: fc.array(
        optional({ kind: fc.constantFrom('ConfigMap', 'Secret'), name: label, optional: fc.boolean() }, ['kind', 'name']),
        { maxLength: 2 },
      ),
    }),
    patches: fc.array(
      optional({ patch: fc.constant('- op: add\n  value: ${x}\n'), target: optional({ kind: text, name: text }) }, ['patch']),
      { maxLength: 2 },
    ),
  },
  ['path'],
);

const repository = fc.tuple(fc.oneof(git, oci), fc.dictionary(label, kustomization, { maxKeys: 3, noNullPrototype: true }));

/** Kustomization names unique in the cluster, dependsOn always to earlier ones. */
const gitops = fc
  .tuple(fc.dictionary(label, repository, { maxKeys: 3, noNullPrototype: true }), fc.infiniteStream(fc.nat(2)))
  .map(([repositories, picks]) => {
    const earlier: string[] = [];
    const entries = Object.entries(repositories).map(([name, [source, kustomizations]]) => {
      const own = Object.entries(kustomizations).filter(([key]) => !earlier.includes(key));
      const connected = own.map(([key, spec]) => {
        const dependsOn = earlier.filter(() => picks.next().value === 0);
        earlier.push(key);
        return [key, { ...spec, dependsOn }] as const;
      });
      return [name, { ...source, kustomizations: Object.fromEntries(connected) }] as const;
    });
    return { repositories: Object.fromEntries(entries) };
  });

const clusterSpec = fc.oneof(
  optional(
    {
      provisioner: fc.constant('local'),
      local: optional({ nodes: fc.constantFrom('none', 'simulated'), kubernetesVersion: fc.constantFrom('1.36', 'v1.36.3') }),
      gitops,
    },
    ['provisioner'],
  ),
  optional({ provisioner: fc.constant('existing'), existing: optional({ kubeconfig: secret, context: text }, ['kubeconfig']), gitops }, [
    'provisioner',
    'existing',
  ]),
);

const pool = optional({
  replicas: fc.nat(5),
  failureDomain: text,
  labels: fc.dictionary(fc.constantFrom('a.example.com/b', 'node-role.kubernetes.io/x'), text, { maxKeys: 2, noNullPrototype: true }),
  taints: fc.array(
    optional({ key: fc.constant('a'), value: fc.constant('b'), effect: fc.constantFrom('NoSchedule', 'NoExecute') }, ['key', 'effect']),
    { maxLength: 1 },
  ),
  healthCheck: optional({
    enabled: fc.boolean(),
    timeout: duration,
    nodeStartupTimeout: duration,
    unhealthyLimit: fc.constantFrom('0%', '40%', '100%'),
  }),
});
const network = optional({ podCidr: fc.constantFrom('10.10.0.0/16', 'fd00::/48'), serviceDomain: fc.constant('example.local') });
const hook = fc.constantFrom<Data>(
  { cluster: 'source', suspend: { kind: 'Kustomization', name: 'apps' } },
  { cluster: 'target', scale: { namespace: 'apps', name: 'web', replicas: 0 } },
);

/** The management cluster every workload cluster of the project belongs to. */
const MANAGEMENT = 'home';
const managementSpec = optional(
  {
    provisioner: fc.constant('capi'),
    role: fc.constant('management'),
    capi: optional({ infrastructure: fc.constant('local'), namespace: label, topology: fc.constantFrom('plain', 'clusterClass') }, [
      'infrastructure',
    ]),
    bootstrapCluster: fc.oneof(
      optional({ provisioner: fc.constant('local'), gitops }, ['provisioner']),
      fc.record({ provisioner: fc.constant('existing'), existing: fc.record({ kubeconfig: secret }) }),
    ),
    pivot: optional({
      enabled: fc.boolean(),
      timeout: duration,
      hooks: optional({ before: fc.array(hook, { maxLength: 2 }), after: fc.array(hook, { maxLength: 2 }) }),
    }),
    gitops,
  },
  ['provisioner', 'role', 'capi', 'bootstrapCluster'],
);
const workloadSpec = fc.record({
  provisioner: fc.constant('capi'),
  capi: fc.oneof(
    fc.constant<Data>({ infrastructure: 'local', managementCluster: MANAGEMENT }),
    optional(
      {
        infrastructure: fc.constant('dev'),
        managementCluster: fc.constant(MANAGEMENT),
        controlPlane: optional({ replicas: fc.constantFrom(1, 3) }),
        workers: fc.dictionary(fc.constantFrom('a', 'b'), pool, { maxKeys: 2, noNullPrototype: true }),
        network,
        topology: fc.constantFrom('plain', 'clusterClass'),
        dev: optional({ startup: optional({ node: duration, etcd: duration }) }),
      },
      ['infrastructure', 'managementCluster'],
    ),
  ),
});

const site = optional({
  registries: fc.dictionary(fc.constantFrom('a.example.com', 'b.example.com:5000'), fc.record({ username: plainValue, password: secret }), {
    maxKeys: 2,
    noNullPrototype: true,
  }),
  gitServers: fc.dictionary(fc.constant('git.example.com'), fc.record({ token: secret }), { maxKeys: 1, noNullPrototype: true }),
  proxy: fc.constant({ http: 'http://proxy.example.com:3128', noProxy: ['.example.com'] }),
  caBundles: fc.dictionary(fc.constant('root'), plainValue, { maxKeys: 1, noNullPrototype: true }),
});

const document = (kind: string, name: string, spec: Data): Data => ({ apiVersion: 'slipway.dev/v1alpha1', kind, metadata: { name }, spec });

const projectDocument = fc
  .tuple(
    label,
    optional({
      state: optional({ backend: fc.constant('local'), dir: fc.constant('../state') }),
      defaults: optional({ timeout: duration, parallel: fc.integer({ min: 1, max: 256 }) }),
      site,
    }),
  )
  .map(([name, spec]) => document('Project', name, spec));

/** Documents of a valid project; the world has variable TOKEN, file ./token and folder ./fleet. */
export const projectArbitrary: fc.Arbitrary<readonly Data[]> = fc
  .tuple(
    fc.option(projectDocument, { nil: undefined }),
    fc.uniqueArray(
      fc.tuple(
        label.filter((name) => name !== MANAGEMENT),
        clusterSpec,
      ),
      { minLength: 1, maxLength: 3, selector: ([name]) => name },
    ),
    fc.option(fc.tuple(managementSpec, workloadSpec), { nil: undefined }),
  )
  .map(([project, clusters, fleet]) => [
    ...(project ? [project] : []),
    ...clusters.map(([name, spec]) => document('Cluster', name, spec)),
    ...(fleet ? [document('Cluster', MANAGEMENT, fleet[0]), document('Cluster', `${MANAGEMENT}-workload-of-its-own`, fleet[1])] : []),
  ]);

/** What the world of such a project holds besides it. */
export const PROJECT_WORLD = {
  files: { '/p/token': 'a token that is long enough' },
  env: { TOKEN: 'apiVersion: v1\nkind: Config' },
} as const;
