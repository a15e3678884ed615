import type { CodeTable } from './entry.ts';

/** SLW-CFG-NNN */
export const configCodes = {
  'SLW-CFG-001': {
    title: 'no project file',
    explain:
      'Slipway looks for slipway.yaml, or for *.yaml in a folder slipway/, in the folder given by -f (default: the current one); or it reads exactly the file given by -f. Nothing of that kind is there.',
    fix: 'create one with `slipway init`, or name the right place with -f FILE or -f DIR',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-002': {
    title: 'two project layouts at once',
    explain:
      'A project is either one file slipway.yaml or a folder slipway/ with *.yaml files. Both are present, and guessing which one is meant could destroy what the other declares.',
    fix: 'keep one: move slipway.yaml into slipway/, or remove the folder',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-003': {
    title: 'project file too large or no regular file',
    explain:
      'A project file is read whole before it is checked, so its size is bounded (4 MiB each), and it must be a regular file: no device, no pipe, no folder.',
    fix: 'split the project into several files in slipway/, or correct -f',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-004': {
    title: 'project file is not UTF-8 text',
    explain:
      'YAML files are read as UTF-8, with or without a byte order mark. The file holds bytes that are no UTF-8, or control characters that YAML forbids. UTF-16, Latin-1 and binary files give this error.',
    fix: 'save the file as UTF-8',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-005': {
    title: 'YAML syntax',
    explain:
      'The file is no valid YAML 1.2. The position is where the parser noticed it; the cause is often on the line above: a missing quote, bracket or space after a colon.',
    fix: 'correct the YAML at that position',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-006': {
    title: 'tab used for indentation',
    explain: 'YAML forbids tabs in indentation. Editors show them like spaces, which makes this fault hard to see.',
    fix: 'replace the tab by spaces; most editors can convert a whole file',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-007': {
    title: 'empty project',
    explain: 'The project files hold no document: they are empty, or hold only comments and separators.',
    fix: 'start with `slipway init`, or write at least one document with apiVersion, kind and metadata.name',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-008': {
    title: 'aliases expand too far',
    explain:
      'Aliases (*name) repeat what an anchor (&name) holds. Here they expand to far more data than the file holds, or an anchor contains itself. Such a file can exhaust the memory of whatever reads it.',
    fix: 'write the values out instead of nesting aliases',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-009': {
    title: 'duplicate key',
    explain: 'The same key stands twice in one mapping. YAML readers differ in which one they take, so none is taken.',
    fix: 'remove or rename one of the two keys',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-010': {
    title: 'nested too deeply',
    explain: 'The YAML nests deeper than any project needs (64 levels). This is nearly always a generated or damaged file.',
    fix: 'flatten the file, or correct its brackets',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-011': {
    title: 'YAML feature that is not read here',
    explain:
      'Slipway reads YAML 1.2 with the core schema. Merge keys (<<) and %YAML 1.1 belong to YAML 1.1; local tags (!name) and keys that are no plain text mean different things to different readers. Anchors and aliases are fine.',
    fix: 'write the values out, or use an anchor and an alias for a whole value',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-012': {
    title: 'unknown key',
    explain: 'The key is not part of this kind. Unknown keys are never ignored, because a misspelt setting would silently not apply.',
    fix: 'correct or remove the key; `slipway explain KIND.FIELD` lists what is allowed',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-013': {
    title: 'wrong type',
    explain: 'The value has another type than the field wants: for example a list where a mapping belongs, or text where a number belongs.',
    fix: 'give a value of the expected type; `slipway explain KIND.FIELD` shows it',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-014': {
    title: 'YAML reads this differently than it looks',
    explain:
      'Unquoted, some values are not what they look like: 1.30 is the number 1.3, and yes, no, on, off, 0755, 12:30:00 and 2026-01-31 are a boolean, an octal number, a base-60 number and a date for YAML 1.1 readers but not for YAML 1.2. A file whose meaning depends on its reader is refused.',
    fix: 'quote the value if it is text; write true or false for a boolean, and a plain decimal number for a number',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-015': {
    title: 'missing field',
    explain: 'A required field is not there, or its value is empty.',
    fix: 'add the field; `slipway explain KIND.FIELD` shows what it takes',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-016': {
    title: 'value not allowed',
    explain: 'The value has the right type but is none of the allowed words, does not match the pattern, or is out of range.',
    fix: 'use an allowed value; `slipway explain KIND.FIELD` lists them',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-017': {
    title: 'invalid name',
    explain:
      'Names become names of Kubernetes objects, folders and DNS labels. They are RFC 1123 labels: at most 63 characters, lower-case letters, digits and hyphens, beginning and ending with a letter or digit.',
    fix: 'use lower-case letters, digits and hyphens only',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-018': {
    title: 'wrong apiVersion',
    explain:
      'Every document of a project says apiVersion: slipway.dev/v1alpha1. Another version belongs to another release of Slipway, or the document is not Slipway’s at all.',
    fix: 'write apiVersion: slipway.dev/v1alpha1, and keep Kubernetes manifests out of the project file',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-019': {
    title: 'unknown kind',
    explain:
      'The kinds of a project are Project and Cluster. Kubernetes objects belong into a repository that Flux applies, not into the project file.',
    fix: 'correct the kind',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-020': {
    title: 'not available in this version',
    explain: 'The word is reserved by the design of Slipway, but this release does not implement it. It is refused rather than ignored.',
    fix: 'remove it, or use what this version offers',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-021': {
    title: 'duplicate name',
    explain:
      'Two documents of one kind have the same name, or two Kustomizations of one cluster do. Names identify what is created, so they must be unique.',
    fix: 'rename one of the two',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-022': {
    title: 'Project document misplaced',
    explain:
      'A project has at most one document of kind Project, and it is the first one, so that a reader sees the name and the defaults before anything else.',
    fix: 'move the Project document to the top, and keep only one',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-023': {
    title: 'choose exactly one',
    explain: 'These fields exclude each other, or one of them is needed. Which one was meant cannot be known.',
    fix: 'keep exactly one of the named fields',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-024': {
    title: 'dangling dependsOn',
    explain: 'A Kustomization depends on one that the cluster does not declare. It would wait for ever.',
    fix: 'correct the name, or declare the Kustomization',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-025': {
    title: 'cyclic dependsOn',
    explain: 'Kustomizations wait for each other in a circle, so none could ever start.',
    fix: 'remove one of the named dependencies',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-026': {
    title: 'malformed output reference',
    explain:
      'An output reference is {output: KIND/NAME.field}, with a field that this kind offers: Cluster offers name, server and kubeconfig.',
    fix: 'write it as {output: Cluster/NAME.field}',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-027': {
    title: 'dangling output reference',
    explain: 'An output reference names a document that the project does not hold.',
    fix: 'correct the name, or add the document',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-028': {
    title: 'documents need each other',
    explain: 'Documents need each other in a circle, by their outputs or as management clusters, so none could be created first.',
    fix: 'break the circle: write one of the values out',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-029': {
    title: 'secret in a plain field',
    explain: 'The output is a secret, but the field is shown in plans and stored in clear text in the cluster.',
    fix: 'use the output in a field that takes secrets, or another output',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-030': {
    title: 'reference inside a string',
    explain:
      'References are mappings, not text: {env: NAME}, {file: path} or {output: KIND/NAME.field}, without quotes. Inside a string nothing is ever replaced, so the text would be used as it stands.',
    fix: 'remove the quotes, and give the reference as the whole value',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-031': {
    title: 'literal secret',
    explain:
      'The field holds a secret. A project file is kept in Git and shown on screens, so secrets are only referred to. The value that was found is not repeated here; treat it as leaked if the file was ever shared.',
    fix: 'use {env: NAME} or {file: path}',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-032': {
    title: 'environment variable not set',
    explain: 'A reference {env: NAME} names a variable that is not set, or is set to nothing, in the environment of this command.',
    fix: 'set the variable before running the command',
    exit: 65,
    retry: 'after-user',
  },
  'SLW-CFG-033': {
    title: 'referenced file missing',
    explain:
      'A reference {file: path} names a file that does not exist, is no regular file, or cannot be read. Paths are relative to the folder of the YAML file that holds the reference.',
    fix: 'create the file or correct the path',
    exit: 65,
    retry: 'after-user',
  },
  'SLW-CFG-034': {
    title: 'secret too short',
    explain:
      'A secret from the environment or a file is empty or shorter than 6 characters. Hiding so short a value in output would also hide ordinary words, and no real credential is that short.',
    fix: 'check the variable or the file; use a longer secret',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-035': {
    title: 'secret file readable by others',
    explain: 'The file behind a secret can be read by the group or by everybody on this machine. This is a warning; nothing stops.',
    fix: 'chmod 600 the file',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-036': {
    title: 'unsupported repository address',
    explain:
      'Repositories are addressed as a path, https://, http:// or ssh://; artifacts as oci://. The short form git@host:path is not a URL and Flux does not read it.',
    fix: 'write ssh://git@host/path for SSH, https://host/path for HTTPS, or a path beginning with ./ for a folder',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-037': {
    title: 'credentials inside a URL',
    explain:
      'The URL holds a user name with a password or token. URLs are shown in plans, logs and Kubernetes objects. The value is not repeated here.',
    fix: 'remove it from the URL and use auth: {token: {env: NAME}}',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-038': {
    title: 'authentication does not fit the URL',
    explain:
      'A token belongs to an http(s) URL, an SSH key to an ssh:// URL (where it is needed, because there is no anonymous SSH), and a path needs neither.',
    fix: 'use the authentication that fits the URL',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-039': {
    title: 'token over plain http',
    explain:
      'A token or password is sent over an unencrypted connection, where anybody on the way can read it. This is a warning; nothing stops.',
    fix: 'use https://',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-040': {
    title: 'Kubernetes version not pinned',
    explain: 'The local provisioner runs the kube-apiserver of this release’s pinned toolchain. Other versions are not built.',
    fix: 'leave local.kubernetesVersion out, or name the pinned version',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-041': {
    title: 'repository path missing',
    explain: 'git.url is a path, and there is no folder at that path. Paths are relative to the folder of the YAML file that names them.',
    fix: 'create the folder or correct the path',
    exit: 65,
    retry: 'after-user',
  },
  'SLW-CFG-042': {
    title: 'output not known',
    explain:
      'The value refers to an output that is not there yet: the document that gives it was not created, or gives nothing under that name.',
    fix: 'run `slipway up` for the document that gives the output first',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-CFG-043': {
    title: 'no such field',
    explain: '`slipway explain` takes an error code or the path of a field, for example Cluster.spec.gitops.',
    fix: 'start from the kind: `slipway explain Cluster`',
    exit: 64,
    retry: 'no',
  },
  'SLW-CFG-044': {
    title: 'field does not fit the infrastructure',
    explain:
      'Provisioner capi describes clusters of several infrastructures with one set of words. This field means something only with another infrastructure, or only beside another field, and would be ignored here; so it is refused.',
    fix: 'remove the field, or choose the infrastructure it belongs to',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-045': {
    title: 'not possible with this infrastructure',
    explain:
      'Infrastructure local runs a control plane as processes and has no machines. Infrastructure dev simulates machines and API servers in memory, and nothing can run on them. What is asked for needs more than that.',
    fix: 'remove the field, or choose another infrastructure',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-046': {
    title: 'role and fields do not fit',
    explain:
      'A cluster with role: management is made with the help of a bootstrap cluster, and then takes over itself. One with role: workload is made and kept by a management cluster. Each needs what says who makes it, and takes nothing of the other.',
    fix: 'give a management cluster bootstrapCluster, and a workload cluster capi.managementCluster',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-047': {
    title: 'no range of addresses',
    explain:
      'A range of addresses is written in CIDR notation, with nothing but zeros behind the prefix: 10.244.0.0/16, not 10.244.0.1/16.',
    fix: 'write a network and its prefix length, such as 10.244.0.0/16',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-048': {
    title: 'ranges of addresses overlap',
    explain: 'Pods, services and machines of one cluster reach each other, so their ranges of addresses must be apart.',
    fix: 'change one of the two ranges',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-049': {
    title: 'even control plane',
    explain:
      'Each machine of the control plane holds a member of etcd, which needs more than half of its members: two are no safer than one, four no safer than three.',
    fix: 'write an odd number',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-050': {
    title: 'version does not fit the bootstrap provider',
    explain: 'RKE2 has versions of its own, written 1.36.3+rke2r1. kubeadm installs plain Kubernetes, written 1.36.3.',
    fix: 'write a version of the chosen bootstrap provider',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-051': {
    title: 'dangling managementCluster',
    explain:
      'A workload cluster is made by a management cluster: a Cluster of the same project with provisioner: capi and role: management.',
    fix: 'correct the name, or add the management cluster to the project',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-052': {
    title: 'names of machines collide or are too long',
    explain:
      'Objects of a cluster are named after it and after its pools: pool b of cluster a is a-b. Two clusters in one namespace of a management cluster must not arrive at the same name, and names of machines have at most 63 characters, of which Cluster API needs some.',
    fix: 'rename the pool or the cluster, or give one of them a namespace of its own',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-053': {
    title: 'manifests missing',
    explain: 'An add-on names a file or folder that does not exist. Relative paths start at the folder of the YAML file.',
    fix: 'correct the path, or create the manifests',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-054': {
    title: 'name of a bootstrap cluster',
    explain:
      'The temporary cluster that makes a management cluster is named after it, with -bootstrap at the end. No document of the project may have that name.',
    fix: 'give the cluster another name',
    exit: 65,
    retry: 'no',
  },
  'SLW-CFG-055': {
    title: 'settings of another state backend',
    explain: 'Each backend of the state has settings of its own, and the project gives some for a backend that it does not choose.',
    fix: 'remove the settings, or choose the backend they belong to',
    exit: 65,
    retry: 'no',
  },
} as const satisfies CodeTable;
