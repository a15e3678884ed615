/**
 * How a known image becomes a process of this host: which of its flags are replaced, which ports it needs on loopback, how its
 * readiness is asked. A table; the flags are those of the pinned versions (toolchain/go.mod), read from their main.go.
 */
import type { BinaryName } from '../../toolchain/catalogue.ts';

export interface AdapterContext {
  readonly ports: Readonly<Record<string, number>>;
  /** Private folder of the process; `data` and `tmp` in it exist. */
  readonly dir: string;
}

export interface ImageAdapter {
  readonly ports: readonly string[];
  /** Flags by name without dashes; `undefined` takes one away, anything else replaces it. */
  readonly flags: (context: AdapterContext) => Readonly<Record<string, string | undefined>>;
  /** Paths asked on ports by name; all must answer. */
  readonly ready: readonly { readonly port: string; readonly path: string }[];
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

export const imageAdapters: Readonly<Partial<Record<BinaryName, ImageAdapter>>> = {
  'source-controller': {
    ports: ['health', 'storage'],
    flags: (context) => ({
      ...fluxFlags(context),
      'storage-path': `${context.dir}/data`,
      'storage-addr': loopback(context.ports['storage']),
      'storage-adv-addr': loopback(context.ports['storage']),
    }),
    ready: [health, { port: 'storage', path: '/' }],
  },
  'kustomize-controller': { ports: ['health'], flags: (context) => ({ ...fluxFlags(context), 'http-retry': '1' }), ready: [health] },
  'helm-controller': {
    ports: ['health'],
    flags: (context) => ({ ...fluxFlags(context), 'http-retry': '1', 'graceful-shutdown-timeout': '5s' }),
    ready: [health],
  },
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
