/**
 * The table of commands: names, flags and briefs. Loads no command; each is imported when it is run, so that help stays fast.
 */
import { buildRouteMap, type RouteMap } from '@stricli/core';
import { bootstrapRoutes, clusterRoutes, vpnRoutes } from './cloud-routes.ts';
import { command, type ParseContext } from './command.ts';
import type { DownFlags } from './commands/down.ts';
import type { InitFlags } from './commands/init.ts';
import type { KubeconfigFlags } from './commands/kubeconfig.ts';
import type { LogsFlags } from './commands/logs.ts';
import type { PlanFlags } from './commands/plan.ts';
import type { EksTokenFlags } from './commands/serve/eks-token.ts';
import type { ServeFlags } from './commands/serve/git.ts';
import type { StatusFlags } from './commands/status.ts';
import type { ToolchainFlags } from './commands/toolchain/list.ts';
import type { UnlockFlags } from './commands/unlock.ts';
import type { UpFlags } from './commands/up.ts';
import {
  consentFlags,
  type FlagSpecs,
  globalAliases,
  type GlobalFlags,
  globalFlags,
  parseCount,
  projectAliases,
  projectFlags,
  type WholeFlags,
  text,
} from './flags.ts';
import {
  type PivotFlags,
  pivotFlags,
  type PivotRetireFlags,
  pivotRetireFlags,
  type PivotRollbackFlags,
  pivotRollbackFlags,
  type PivotRunFlags,
  pivotRunFlags,
  type PivotSelectionFlags,
  pivotSelectionFlags,
} from './pivot-flags.ts';

const toolchainFlags: FlagSpecs<ToolchainFlags> = {
  ...globalFlags,
  toolchain: { kind: 'parsed', parse: text, optional: true, placeholder: 'dir', brief: 'Take component binaries from this folder first' },
};

/** Of verbs that are about the whole project, or about a cluster that is named anyway. */
const { only: _only, ...wholeFlags } = projectFlags;
const whole = { flags: wholeFlags, aliases: projectAliases } as const;

const validate = command<WholeFlags>('validate', {
  ...whole,
  brief: 'Find all errors of the project at once, before anything is touched',
  load: () => import('./commands/validate.ts'),
});

const plan = command<PlanFlags>('plan', {
  brief: 'Show what up would create, change, replace and destroy',
  aliases: projectAliases,
  flags: {
    ...projectFlags,
    out: { kind: 'parsed', parse: text, optional: true, placeholder: 'path', brief: 'Save the plan, for: slipway up FILE' },
    detailedExitcode: { kind: 'boolean', default: false, withNegated: false, brief: 'Exit 2 when changes are pending' },
  },
  load: () => import('./commands/plan.ts'),
});

const up = command<UpFlags>('up', {
  brief: 'Make the world as the project says; safe to stop and to repeat at any time',
  aliases: projectAliases,
  flags: { ...projectFlags, ...consentFlags },
  args: [{ name: 'planfile', brief: 'A plan of plan --out: exactly that is done, or nothing when the world has moved', optional: true }],
  load: () => import('./commands/up.ts'),
});

const down = command<DownFlags>('down', {
  brief: 'Take away what Slipway made, and nothing else',
  aliases: projectAliases,
  flags: {
    ...projectFlags,
    ...consentFlags,
    prune: {
      kind: 'boolean',
      default: false,
      withNegated: false,
      brief: 'On clusters that were there before: also the workloads that GitOps applied',
    },
    forget: { kind: 'boolean', default: false, withNegated: false, brief: 'Also the journal, the identities, clusters out of reach' },
    to: {
      kind: 'parsed',
      parse: text,
      optional: true,
      placeholder: 'kubeconfig',
      brief: 'Where other clusters go that a management cluster still manages',
    },
  },
  load: () => import('./commands/down.ts'),
});

const status = command<StatusFlags>('status', {
  brief: 'Show the project as a tree, with the causes of what is wrong first',
  aliases: { ...projectAliases, w: 'watch' },
  flags: { ...projectFlags, watch: { kind: 'boolean', default: false, withNegated: false, brief: 'Show every change until Ctrl-C' } },
  load: () => import('./commands/status.ts'),
});

const kubeconfig = command<KubeconfigFlags>('kubeconfig', {
  brief: 'Print a self-contained kubeconfig of a cluster',
  aliases: projectAliases,
  flags: {
    ...wholeFlags,
    merge: { kind: 'boolean', default: false, withNegated: false, brief: 'Add it to your kubeconfig instead; the current context stays' },
  },
  args: [{ name: 'cluster', brief: 'May be left out when the project has one cluster', optional: true }],
  load: () => import('./commands/kubeconfig.ts'),
});

const logs = command<LogsFlags>('logs', {
  brief: "Print what a cluster's components wrote",
  aliases: { f: 'follow', v: 'verbose' },
  flags: {
    ...wholeFlags,
    follow: { kind: 'boolean', default: false, withNegated: false, brief: 'Go on until Ctrl-C' },
    tail: { kind: 'parsed', parse: parseCount, default: '100', placeholder: 'n', brief: 'Lines from the end of each component' },
  },
  args: [
    { name: 'cluster', brief: 'Name of the cluster' },
    { name: 'component', brief: 'etcd, kube-apiserver, source-controller, …; all when left out', optional: true },
  ],
  load: () => import('./commands/logs.ts'),
});

const journal = buildRouteMap<string, ParseContext>({
  docs: { brief: 'Read what was done: the append-only, hash-chained journal' },
  routes: {
    show: command<WholeFlags>('journal show', {
      ...whole,
      brief: 'Print the journal as NDJSON, or replay it with --output tty|plain',
      load: () => import('./commands/journal/show.ts'),
    }),
    verify: command<WholeFlags>('journal verify', {
      ...whole,
      brief: 'Prove that no row was changed or lost',
      load: () => import('./commands/journal/verify.ts'),
    }),
  },
});

const unlock = command<UnlockFlags>('unlock', {
  brief: 'Free the lock of an owner that is gone for good',
  aliases: projectAliases,
  flags: {
    ...wholeFlags,
    confirm: { kind: 'parsed', parse: text, optional: true, placeholder: 'owner', brief: 'The owner as the lock error names it' },
  },
  load: () => import('./commands/unlock.ts'),
});

const doctor = command<WholeFlags>('doctor', {
  ...whole,
  brief: 'Check this machine, and say how to mend it',
  load: () => import('./commands/doctor.ts'),
});

const version = command<GlobalFlags>('version', {
  brief: 'Print the version',
  flags: globalFlags,
  aliases: globalAliases,
  load: () => import('./commands/version.ts'),
});

const explain = command<GlobalFlags>('explain', {
  brief: 'Explain an outcome code or a field of the project file',
  flags: globalFlags,
  aliases: globalAliases,
  args: [{ name: 'topic', brief: 'SLW-CFG-001, Cluster.spec.provisioner; all codes when left out', optional: true }],
  load: () => import('./commands/explain.ts'),
});

const completion = command<GlobalFlags>('completion', {
  brief: 'Print a completion script for bash, zsh or fish',
  flags: globalFlags,
  aliases: globalAliases,
  args: [{ name: 'shell', brief: 'bash, zsh or fish' }],
  load: () => import('./commands/completion.ts'),
});

const init = command<InitFlags>('init', {
  brief: 'Write a first slipway.yaml; asks on a terminal, takes flags elsewhere',
  aliases: globalAliases,
  flags: {
    ...globalFlags,
    name: {
      kind: 'parsed',
      parse: text,
      optional: true,
      placeholder: 'name',
      brief: "Name of project and cluster; default: the folder's name",
    },
    provisioner: { kind: 'enum', values: ['local', 'existing'], optional: true, brief: 'How the cluster comes to be' },
    repository: { kind: 'parsed', parse: text, optional: true, placeholder: 'url', brief: 'What Flux applies: a path, https:// or ssh://' },
    branch: { kind: 'parsed', parse: text, optional: true, placeholder: 'branch', brief: 'Default: main' },
    path: { kind: 'parsed', parse: text, optional: true, placeholder: 'dir', brief: 'Folder in the repository; default: ./clusters/NAME' },
    kubeconfig: {
      kind: 'parsed',
      parse: text,
      optional: true,
      placeholder: 'path',
      brief: 'For an existing cluster; default: the variable KUBECONFIG',
    },
    fleet: {
      kind: 'boolean',
      default: false,
      withNegated: false,
      brief: 'Also write a small fleet folder, so that up has something to apply',
    },
  },
  args: [{ name: 'folder', brief: 'Where to; default: here', optional: true }],
  load: () => import('./commands/init.ts'),
});

const schema = command<GlobalFlags>('schema', {
  brief: 'Print the JSON Schema of the project file, for editors',
  flags: globalFlags,
  aliases: globalAliases,
  load: () => import('./commands/schema.ts'),
});

const toolchain = buildRouteMap<string, ParseContext>({
  docs: { brief: 'The real components that local clusters run: etcd, kube-apiserver, Flux, …' },
  routes: {
    list: command<ToolchainFlags>('toolchain list', {
      brief: 'Show each component, its pinned version and where it is',
      flags: toolchainFlags,
      aliases: globalAliases,
      load: () => import('./commands/toolchain/list.ts'),
    }),
    build: command<ToolchainFlags>('toolchain build', {
      brief: 'Build what is missing into the cache, with Go',
      flags: toolchainFlags,
      aliases: globalAliases,
      anyArgs: { name: 'component', brief: 'Which ones; default: what a local cluster with Flux needs', optional: true },
      load: () => import('./commands/toolchain/build.ts'),
    }),
  },
});

const pivot = buildRouteMap<string, ParseContext>({
  docs: {
    brief: 'Move Cluster API objects to another management cluster, as one transaction',
    fullDescription:
      'Move Cluster API objects from one management cluster to another as one transaction: no machine is made or lost, it can be stopped and continued at any time from any machine, and taken back until it is retired.\n\nplan shows what would happen to each object; run does it; status tells how far it is; rollback takes it back; retire gives the source up.',
  },
  routes: {
    plan: command<PivotSelectionFlags>('pivot plan', {
      brief: 'Show what would become of each object, and why; change nothing',
      flags: pivotSelectionFlags,
      aliases: projectAliases,
      load: () => import('./commands/pivot/plan.ts'),
    }),
    run: command<PivotRunFlags>('pivot run', {
      brief: 'Move the objects, or go on with a pivot that was stopped',
      flags: pivotRunFlags,
      aliases: projectAliases,
      load: () => import('./commands/pivot/run.ts'),
    }),
    status: command<PivotFlags>('pivot status', {
      brief: 'Show how far a pivot is and what may follow',
      flags: pivotFlags,
      aliases: projectAliases,
      load: () => import('./commands/pivot/status.ts'),
    }),
    rollback: command<PivotRollbackFlags>('pivot rollback', {
      brief: 'Give everything back to the source; possible until retire',
      flags: pivotRollbackFlags,
      aliases: projectAliases,
      load: () => import('./commands/pivot/rollback.ts'),
    }),
    retire: command<PivotRetireFlags>('pivot retire', {
      brief: 'End the pivot: the source is given up for good',
      flags: pivotRetireFlags,
      aliases: projectAliases,
      load: () => import('./commands/pivot/retire.ts'),
    }),
  },
});

/** Resident helpers; started by Slipway itself. */
const serve = buildRouteMap<string, ParseContext>({
  docs: { brief: 'Helpers that Slipway and kubeconfigs start' },
  routes: {
    git: command<ServeFlags>('serve git', {
      brief: 'Serve repositories read-only on loopback',
      flags: {
        ...globalFlags,
        config: { kind: 'parsed', parse: text, placeholder: 'path', brief: 'What is served' },
        rotate: { kind: 'parsed', parse: text, variadic: true, optional: true, placeholder: 'folder', brief: 'Logs to keep small' },
      },
      aliases: globalAliases,
      load: () => import('./commands/serve/git.ts'),
    }),
    eksToken: command<EksTokenFlags>('serve eks-token', {
      brief: 'Print a short-lived credential for the API of an EKS cluster',
      flags: {
        ...globalFlags,
        cluster: { kind: 'parsed', parse: text, placeholder: 'name', brief: 'Name of the cluster in EKS' },
        region: { kind: 'parsed', parse: text, placeholder: 'region', brief: 'Region of the cluster' },
        profile: { kind: 'parsed', parse: text, optional: true, placeholder: 'name', brief: 'Profile of the AWS configuration files' },
      },
      aliases: globalAliases,
      load: () => import('./commands/serve/eks-token.ts'),
    }),
  },
});

export const rootRoutes: RouteMap<ParseContext> = buildRouteMap<string, ParseContext>({
  docs: {
    brief: 'From nothing to a fleet of Kubernetes clusters under GitOps',
    fullDescription:
      'From nothing to a fleet of Kubernetes clusters under GitOps: one declarative project, one plan, one crash-safe run.\nFlags follow the verb. Every error has a code: slipway explain CODE.',
    hideRoute: { serve: true },
  },
  routes: {
    init,
    validate,
    plan,
    up,
    down,
    status,
    kubeconfig,
    logs,
    pivot,
    bootstrap: bootstrapRoutes,
    cluster: clusterRoutes,
    vpn: vpnRoutes,
    journal,
    unlock,
    doctor,
    explain,
    schema,
    completion,
    toolchain,
    version,
    serve,
  },
});
