import type { CodeTable } from './entry.ts';

/** SLW-TOF-NNN */
export const tofuCodes = {
  'SLW-TOF-001': {
    title: 'an OpenTofu or Terraform that is too old',
    explain:
      'Slipway drives OpenTofu 1.10 or newer, or Terraform 1.10 or newer: older ones cannot lock a state in a bucket by themselves and do not say all that Slipway reads. It takes `tofu` and then `terraform` from the folder given with --toolchain, then from PATH, and builds the pinned OpenTofu when there is neither.',
    fix: 'install OpenTofu 1.10 or newer, or take the old one off PATH so that Slipway builds its own',
    exit: 69,
    retry: 'after-user',
  },
  'SLW-TOF-002': {
    title: 'a program that is no OpenTofu or Terraform',
    explain: 'The program found under the name `tofu` or `terraform` did not answer `version -json` as these do.',
    fix: 'look at what that program is; take it off PATH, or give --toolchain DIR with a good one',
    exit: 69,
    retry: 'after-user',
  },
  'SLW-TOF-003': {
    title: 'a provider that cannot be installed',
    explain:
      '`tofu init` could not get a provider of the module: the registry is out of reach, has no such version, or the package does not match the checksums of .terraform.lock.hcl. Mirrors and caches are those of the CLI configuration (TF_CLI_CONFIG_FILE) and of TF_PLUGIN_CACHE_DIR.',
    fix: 'check the network, the proxy and the CLI configuration; a filesystem_mirror serves where there is no network',
    exit: 69,
    retry: 'backoff',
  },
  'SLW-TOF-004': {
    title: 'inputs that a module refuses',
    explain:
      'A variable, a precondition or the configuration itself was refused before anything was asked of a cloud. Slipway checks its own fields first; what is left is a rule of the module.',
    fix: 'read the sentence of the rule, mend the field in slipway.yaml that gives the variable',
    exit: 65,
    retry: 'no',
  },
  'SLW-TOF-005': {
    title: 'a provider that reported an error',
    explain:
      'The cloud refused or failed an operation, in its own words. What was made before it is in the state: the same command goes on from there.',
    fix: "read the provider's words; after mending the cause run the same command again",
    exit: 1,
    retry: 'no',
  },
  'SLW-TOF-006': {
    title: 'a state that somebody else has locked',
    explain:
      'Another tofu works on the same state, or one died on another machine and left its lock. A lock is taken from nobody unless it is proven that its owner is dead: a tofu that Slipway started on this machine is, one of another machine or a person is not.',
    fix: 'wait until the other is done; if it is surely dead, run `tofu force-unlock ID` in the work folder',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-TOF-007': {
    title: 'a saved plan that is out of date',
    explain:
      'Somebody changed the state between the plan and its application, so the plan was not applied. A new one is made; if it would do more than was agreed to, the run stops.',
    fix: 'run the same command again',
    exit: 75,
    retry: 'backoff',
  },
  'SLW-TOF-008': {
    title: 'a cloud that is busy or out of reach',
    explain:
      "The provider's requests were throttled, timed out, or met a server error or a broken network. Nothing is lost: what was made is in the state.",
    fix: 'wait a little, check the network, then run the same command again',
    exit: 69,
    retry: 'backoff',
  },
  'SLW-TOF-009': {
    title: 'missing or expired credentials',
    explain: 'The provider has no credentials, or the cloud does not accept them (any more).',
    fix: 'sign in again (for AWS: `aws sso login`, or AWS_PROFILE, or AWS_ACCESS_KEY_ID with its secret and token), then run the same command again',
    exit: 77,
    retry: 'after-user',
  },
  'SLW-TOF-010': {
    title: 'a permission that is missing',
    explain: "The cloud knows the caller and refuses the operation. The provider's words name the action.",
    fix: 'let someone grant the action that is named to the role that is named, then run the same command again',
    exit: 77,
    retry: 'after-user',
  },
  'SLW-TOF-011': {
    title: 'a quota that is reached',
    explain: 'The account may have no more of something, or the zone has no capacity for it now.',
    fix: "raise the quota in the cloud's console or take another zone or instance type, then run the same command again",
    exit: 75,
    retry: 'after-user',
  },
  'SLW-TOF-012': {
    title: 'a name that is taken',
    explain:
      'Something of that name exists and is not in the state: made by hand, by another project, or by a run whose records are lost. It is not touched.',
    fix: 'take another name, remove the other thing, or import it with `tofu import` in the work folder',
    exit: 1,
    retry: 'no',
  },
  'SLW-TOF-013': {
    title: 'a provider that crashed',
    explain:
      "The provider's process ended or stopped answering in the middle. What it had reported is in the state; what it had not is looked for by the next run.",
    fix: 'run the same command again; when it crashes again, report it to the provider with the lines that are shown',
    exit: 1,
    retry: 'backoff',
  },
  'SLW-TOF-014': {
    title: 'a tofu that is still at work',
    explain:
      'A tofu of an earlier or parallel run works in the same folder and did not end within the bound of the wait. It is never killed: half of its work would be in no state.',
    fix: 'wait until it is done, or raise --timeout; its process id is in the message',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-TOF-015': {
    title: 'a state that is damaged',
    explain:
      'The state file, or the record of what ran on it, cannot be read, and there is no whole copy to take its place. Nothing is planned on it, because everything would be made a second time.',
    fix: 'put back a copy of terraform.tfstate into the work folder (there may be a terraform.tfstate.backup beside it)',
    exit: 1,
    retry: 'after-user',
  },
  'SLW-TOF-016': {
    title: 'a state that could not be saved',
    explain:
      'Tofu made changes and could not write them to the backend; it left errored.tfstate in the work folder. The next run pushes it before anything else. It could not do so now.',
    fix: 'mend the access to the backend, then run the same command again; keep errored.tfstate',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-TOF-017': {
    title: 'a state that cannot be decrypted',
    explain:
      'The state is encrypted and the key that is given is not the one it was written with, or there is none. Without the key the state is lost; what it describes is not.',
    fix: 'give back the key that was used (`{env}`, `{file}`, or slipway.key in the work folder)',
    exit: 77,
    retry: 'after-user',
  },
  'SLW-TOF-018': {
    title: 'a state of the other program',
    explain: 'The state was written by OpenTofu with features that Terraform does not have (its encryption), or the other way round.',
    fix: 'use the program that is named: put it on PATH or give it with --toolchain',
    exit: 69,
    retry: 'after-user',
  },
  'SLW-TOF-019': {
    title: 'a state that is a local file',
    explain:
      'The only record of what was made in the cloud is a file on this machine. If it is lost, so is the way to change or remove what it describes; and nobody else can work on it.',
    fix: 'set `state: {backend: s3}` (or another shared backend) in the Project',
    exit: 1,
    retry: 'no',
  },
  'SLW-TOF-020': {
    title: 'a disk that is full',
    explain: 'There was no space for the state, the plan or a provider.',
    fix: 'make room, then run the same command again',
    exit: 69,
    retry: 'after-user',
  },
  'SLW-TOF-021': {
    title: 'something that may not be destroyed',
    explain: 'The module protects a resource with prevent_destroy, and the plan would destroy or replace it.',
    fix: 'look at what replaces it; undo that change of the project, or take the protection off on purpose',
    exit: 1,
    retry: 'no',
  },
  'SLW-TOF-022': {
    title: 'a tofu that was ended from outside',
    explain: 'A signal ended tofu: the machine is short of memory, or someone killed it. The next attempt looks first at what it left.',
    fix: 'run the same command again; if it happens again, look for the out-of-memory killer in the system log',
    exit: 1,
    retry: 'backoff',
  },
  'SLW-TOF-023': {
    title: 'a module that is not there',
    explain: 'The folder of HCL that a step wants to use does not exist or holds no configuration.',
    fix: 'reinstall Slipway; if the module is your own, mend its path',
    exit: 65,
    retry: 'no',
  },
  'SLW-TOF-024': {
    title: 'a work folder that is gone',
    explain:
      'The journal says that resources were made from this folder, and its state was a local file in it. Without the state nobody knows what there is to destroy.',
    fix: 'put the work folder back from a backup, or remove the resources by hand and then run `slipway down --forget`',
    exit: 1,
    retry: 'after-user',
  },
  'SLW-TOF-025': {
    title: 'something made that could not be found again',
    explain:
      'A tofu that died had begun to make a resource and left no word of it. It was looked for and not found, or could not be imported; it may exist beside what is planned now.',
    fix: 'look for it in the cloud by the name that is given; import it with `tofu import` in the work folder, or remove it',
    exit: 1,
    retry: 'no',
  },
} as const satisfies CodeTable;
