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

const document = (kind: string, name: string, spec: Data): Data => ({ apiVersion: 'slipway.dev/v1alpha1', kind, metadata: { name }, spec });

const projectDocument = fc
  .tuple(
    label,
    optional({
      state: optional({ backend: fc.constant('local'), dir: fc.constant('../state') }),
      defaults: optional({ timeout: duration, parallel: fc.integer({ min: 1, max: 256 }) }),
    }),
  )
  .map(([name, spec]) => document('Project', name, spec));

/** Documents of a valid project; the world has variable TOKEN, file ./token and folder ./fleet. */
export const projectArbitrary: fc.Arbitrary<readonly Data[]> = fc
  .tuple(
    fc.option(projectDocument, { nil: undefined }),
    fc.uniqueArray(fc.tuple(label, clusterSpec), { minLength: 1, maxLength: 3, selector: ([name]) => name }),
  )
  .map(([project, clusters]) => [...(project ? [project] : []), ...clusters.map(([name, spec]) => document('Cluster', name, spec))]);

/** What the world of such a project holds besides it. */
export const PROJECT_WORLD = {
  files: { '/p/token': 'a token that is long enough' },
  env: { TOKEN: 'apiVersion: v1\nkind: Config' },
} as const;
