/**
 * How a known image becomes a process of this host: which of its flags are replaced, which ports it needs on loopback, how its
 * readiness is asked. A table; the flags are those of the pinned versions (toolchain/go.mod), read from their main.go.
 */
import type { BinaryName } from '../../toolchain/catalogue.ts';

export interface AdapterContext {
  readonly ports: Readonly<Record<string, number>>;
  /** Private folder of the process; `data` and `tmp` in it exist. */
  readonly dir: string;
  /** File with the identity of its ServiceAccount. */
  readonly kubeconfig: string;
  /** Its serving certificate: a folder and the names in it. Renewed in place. */
  readonly serving: { readonly dir: string; readonly certificate: string; readonly key: string };
}

export interface ImageAdapter {
  readonly ports: readonly string[];
  /** Flags by name without dashes; `undefined` takes one away, anything else replaces it. */
  readonly flags: (context: AdapterContext) => Readonly<Record<string, string | undefined>>;
  /** Variables of the manifest that would mislead it here. */
  readonly withoutEnv?: readonly string[];
  /** Paths asked on ports by name; all must answer. */
  readonly ready: readonly { readonly port: string; readonly path: string }[];
  /** This port must serve what stands in its `data` folder: only then it is ours that answers. */
  readonly servesData?: string;
  /** This port serves TLS, with a certificate under the cluster's authority. */
  readonly servesTls?: string;
}

const loopback = (port: number | undefined): string => `127.0.0.1:${port ?? 0}`;

/**
 * Leader election dies outside of a cluster and delays the start; the retry delays are those of a developer's machine. An
 * empty events address leaves Kubernetes Events, which is where causes are read.
 */
const fluxFlags = ({ ports }: AdapterContext): Readonly<Record<string, string | undefined>> => ({
  'events-addr': '',
  'metrics-addr': '0',
  'health-addr': loopback(ports['health']),
  'enable-leader-election': 'false',
  'min-retry-delay': '250ms',
  'max-retry-delay': '5s',
  'requeue-dependency': '1s',
});

const health = { port: 'health', path: '/readyz' };

/** Name of the port on which webhooks of the API server are answered. */
export const WEBHOOK_PORT = 'webhook';

/**
 * A manager of Cluster API (the flags are the same in all of them). Without the pod's name it does not take the cluster it runs on for
 * one with a pod network. Its webhook server binds every interface, there is no flag for it; it answers nothing but reviews.
 */
const clusterApiManager: ImageAdapter = {
  ports: ['health', 'diagnostics', WEBHOOK_PORT],
  flags: ({ ports, kubeconfig, serving }) => ({
    kubeconfig,
    'leader-elect': undefined,
    'health-addr': loopback(ports['health']),
    'diagnostics-address': loopback(ports['diagnostics']),
    'insecure-diagnostics': 'true',
    'webhook-port': String(ports[WEBHOOK_PORT] ?? 0),
    'webhook-cert-dir': serving.dir,
    'webhook-cert-name': serving.certificate,
    'webhook-key-name': serving.key,
    'kube-api-qps': '500',
    'kube-api-burst': '1000',
  }),
  withoutEnv: ['POD_NAMESPACE', 'POD_NAME', 'POD_UID'],
  ready: [health],
  servesTls: WEBHOOK_PORT,
};

export const imageAdapters: Readonly<Partial<Record<BinaryName, ImageAdapter>>> = {
  'source-controller': {
    ports: ['health', 'storage'],
    flags: (context) => ({
      ...fluxFlags(context),
      'storage-path': `${context.dir}/data`,
      'storage-addr': loopback(context.ports['storage']),
      'storage-adv-addr': loopback(context.ports['storage']),
    }),
    ready: [health],
    // It goes on without its storage when the port is taken, and others would fetch from whoever has it.
    servesData: 'storage',
  },
  'kustomize-controller': { ports: ['health'], flags: (context) => ({ ...fluxFlags(context), 'http-retry': '1' }), ready: [health] },
  'helm-controller': {
    ports: ['health'],
    flags: (context) => ({ ...fluxFlags(context), 'http-retry': '1', 'graceful-shutdown-timeout': '5s' }),
    ready: [health],
  },
  'cluster-api-core': clusterApiManager,
  'cluster-api-kubeadm-bootstrap': clusterApiManager,
  'cluster-api-kubeadm-control-plane': clusterApiManager,
  'in-memory-provider': clusterApiManager,
};

/** The container's own arguments with the adapter's flags in the place of theirs. Understands `--flag=value` and bare `--flag`. */
export function mapArguments(args: readonly string[], flags: Readonly<Record<string, string | undefined>>): readonly string[] {
  const kept = args.filter((arg) => {
    const name = /^--?([^=]+)/.exec(arg)?.[1];
    return name === undefined || !Object.hasOwn(flags, name);
  });
  const mapped = Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`]));
  return [...kept, ...mapped];
}

/** `$(NAME)` in arguments, as the API convention has it: unknown names stay, `$$(` is a literal `$(`. */
export function expandVariables(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\$|\(([A-Za-z_][\w.-]*)\))/g, (whole, first: string, name: string | undefined) => {
    if (first === '$') return '$';
    return name !== undefined && Object.hasOwn(env, name) ? (env[name] ?? '') : whole;
  });
}
