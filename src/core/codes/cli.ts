import type { CodeTable } from './entry.ts';

/** SLW-CLI-NNN */
export const cliCodes = {
  'SLW-CLI-001': {
    title: 'unknown command',
    explain: 'The words after `slipway` name no command. Commands and their verbs are listed by `slipway --help`; flags follow the verb.',
    fix: 'see `slipway --help`',
    exit: 64,
    retry: 'no',
  },
  'SLW-CLI-002': {
    title: 'wrong arguments',
    explain:
      'The command exists, but a flag or argument is unknown, missing, given twice or has a value that cannot be read. Nothing was done.',
    fix: 'see the help of the command: add --help',
    exit: 64,
    retry: 'no',
  },
  'SLW-CLI-003': {
    title: 'consent is missing and nobody can be asked',
    explain:
      'The plan would change something, standard input or error is not a terminal (or the output is json), and no flag gives the consent. Nothing was done. `--yes` accepts a plan that destroys nothing.',
    fix: 'look at the plan with `slipway plan`, then add --yes',
    exit: 64,
    retry: 'after-user',
  },
  'SLW-CLI-004': {
    title: 'a destruction is not confirmed',
    explain:
      'The plan destroys or replaces something whose loss must be confirmed by name, and not every name was given. `--yes` never covers this. Give `--confirm NAME` once for each name; for `down` the name of the project covers all of them. Nothing was done.',
    fix: 'add --confirm NAME for each name that the plan lists as destroyed',
    exit: 64,
    retry: 'after-user',
  },
  'SLW-CLI-005': {
    title: 'nothing is known under that name',
    explain: '`slipway explain` knows every outcome code (`SLW-CFG-012`) and every field of the project file (`Cluster.spec.provisioner`).',
    fix: 'list the fields with `slipway schema`, the codes with `slipway explain`',
    exit: 64,
    retry: 'no',
  },
  'SLW-CLI-006': {
    title: 'a file would be overwritten',
    explain: '`slipway init` and `slipway plan --out` do not replace what they did not write. Nothing was changed.',
    fix: 'choose another name, or move the file away first',
    exit: 64,
    retry: 'no',
  },
  'SLW-CLI-007': {
    title: 'the kubeconfig cannot be merged',
    explain:
      '`slipway kubeconfig --merge` adds a cluster, a user and a context to your kubeconfig and leaves everything else, the current context included, as it is. It needs a file that it can read as a kubeconfig.',
    fix: 'mend the file, or set KUBECONFIG to another one',
    exit: 65,
    retry: 'no',
  },
  'SLW-CLI-008': {
    title: 'the machine is not ready for Slipway',
    explain: '`slipway doctor` found at least one problem; each is listed with the way to mend it.',
    fix: 'mend what is listed, then run `slipway doctor` again',
    exit: 1,
    retry: 'after-user',
  },
  'SLW-CLI-009': {
    title: 'the journal is not intact',
    explain:
      'The rows of the journal are chained by hashes, and one does not fit: the file was changed by something else than Slipway, or the disk lost what it had confirmed. Rows before the break can be trusted.',
    fix: 'keep a copy of the state folder, then look at the last good rows with `slipway journal show`',
    exit: 1,
    retry: 'no',
  },
  'SLW-CLI-010': {
    title: 'no document of that kind',
    explain:
      'The verbs bootstrap and cluster are about the documents of one kind: bootstrap about networks, cluster about clusters. The project that was given holds none of them.',
    fix: 'give the right file with --config, or use slipway up for the whole project',
    exit: 64,
    retry: 'no',
  },
} as const satisfies CodeTable;
