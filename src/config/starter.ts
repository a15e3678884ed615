/** The first slipway.yaml, as `slipway init` writes it: small, with comments that say what each line is for. Pure. */
import { stringify } from 'yaml';

/** Where editors find the schema; `slipway schema` prints the same. */
export const SCHEMA_FILE = 'slipway.schema.json';

export interface StarterOptions {
  /** Name of project and cluster: an RFC 1123 label. */
  readonly name: string;
  readonly provisioner: 'local' | 'existing';
  /** Path or URL; without it the cluster has no GitOps part yet, only a comment that shows one. */
  readonly repository?: string;
  /** Default main. */
  readonly branch?: string;
  /** Folder in the repository; default ./clusters/NAME. */
  readonly path?: string;
  /** For `existing`: path of a kubeconfig; default {env: KUBECONFIG}. */
  readonly kubeconfig?: string;
  /** What line 1 names as the schema: a path or URL. Default slipway.schema.json, to be written with `slipway schema`. */
  readonly schema?: string;
}

/** Text of a project file that `slipway validate` accepts (once repository, kubeconfig and token are there). */
export function renderStarter(options: StarterOptions): string {
  const lines = [
    `# yaml-language-server: $schema=${options.schema ?? SCHEMA_FILE}`,
    '# A project of Slipway. `slipway plan` shows what would be done, `slipway up` does it, `slipway down` takes it back.',
    'apiVersion: slipway.dev/v1alpha1',
    'kind: Cluster',
    'metadata:',
    `  name: ${scalar(options.name)}`,
    'spec:',
    ...provisionerLines(options),
    ...gitopsLines(options),
  ];
  return `${lines.join('\n')}\n`;
}

function provisionerLines(options: StarterOptions): readonly string[] {
  if (options.provisioner === 'local')
    return ['  provisioner: local # etcd and kube-apiserver as processes on this machine: no containers, no cloud account'];
  const kubeconfig = options.kubeconfig === undefined ? '{env: KUBECONFIG}' : `{file: ${scalar(options.kubeconfig)}}`;
  return [
    '  provisioner: existing # the cluster is already there; `down` removes only what Slipway installed on it',
    '  existing:',
    `    kubeconfig: ${kubeconfig} # {file: path} or {env: NAME}`,
    '    # context: admin@example # default: the current context of that kubeconfig',
  ];
}

function gitopsLines(options: StarterOptions): readonly string[] {
  const lines = ['  gitops: # what Flux applies on this cluster', '    repositories:', ...repositoryLines(options)];
  if (options.repository !== undefined) return lines;
  return [
    '  # Take the comment signs off once there is a repository or a folder with manifests:',
    ...lines.map((line) => line.replace(/^ {2}/, '  # ')),
  ];
}

function repositoryLines(options: StarterOptions): readonly string[] {
  const repository = options.repository ?? './fleet';
  return [
    `      ${repositoryName(repository)}: # name of the Flux source`,
    '        git:',
    `          url: ${scalar(repository)} # a path, https:// or ssh://`,
    `          branch: ${scalar(options.branch ?? 'main')}`,
    ...authLines(repository),
    '        kustomizations:',
    '          apps: # name of the Flux Kustomization',
    `            path: ${scalar(options.path ?? `./clusters/${options.name}`)} # folder in the repository`,
    '            # dependsOn: [platform] # what must be ready first',
  ];
}

function authLines(repository: string): readonly string[] {
  if (repository.startsWith('ssh://')) {
    return [
      '          auth:',
      '            ssh: # the deploy key is generated and its public half printed',
      '              knownHosts: {file: ./known_hosts} # written by ssh-keyscan HOST; compare it with what the host publishes',
    ];
  }
  if (!/^https?:\/\//.test(repository)) return [];
  return ['          # For a private repository; read access is enough:', '          # auth:', '          #   token: {env: GIT_TOKEN}'];
}

/** The last part of the path or URL as a label, else `fleet`. */
function repositoryName(repository: string): string {
  const last =
    repository
      .replace(/(?:\.git)?\/*$/, '')
      .split(/[/:]/)
      .at(-1) ?? '';
  const name = last
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');
  return name === '' ? 'fleet' : scalar(name);
}

/** Quoted wherever a reader of YAML 1.1 or 1.2 might not see text. */
function scalar(text: string): string {
  const isPlain =
    /^[A-Za-z./][\w./:@-]*$/.test(text) &&
    !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text) &&
    !text.endsWith(':') &&
    !/^\.?(?:inf|nan)$/i.test(text);
  return isPlain ? text : stringify(text, { defaultStringType: 'QUOTE_DOUBLE', lineWidth: 0 }).trimEnd();
}
