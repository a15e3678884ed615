/**
 * Every line of "what bad input and bad luck get", and the tests that hold it. test/house/bad-luck.test.ts fails when a line has no
 * test, or when a test named here is not there, is skipped or is only a plan.
 */
export interface CoveredLine {
  readonly line: string;
  readonly tests: readonly (readonly [file: string, title: string])[];
  /** Where the machine decides whether the test can run: why. The run counts it as skipped. */
  readonly mayBeSkipped?: string;
}

const CONFIG = 'src/config/bad-input.test.ts';
const STALLS = 'test/support/stall-cases.ts';
const STATE = 'test/bad-luck/a-damaged-newer-or-held-state-is-refused-and-kept.test.ts';
const MACHINE = 'test/bad-luck/a-machine-that-fails-is-named-and-up-goes-on-when-it-is-mended.test.ts';
const DOWN = 'test/quickstart/down-finishes-after-a-half-failed-up.test.ts';
const FLEET = 'test/quickstart/a-change-of-the-fleet-is-applied-and-a-mistake-is-named.test.ts';
const HTTPS = 'test/sources/https-with-a-token-and-an-authority-of-its-own.test.ts';
const CHILDREN = 'test/kill/dead-children-come-back.test.ts';
const AWS_CONFIG = 'src/config/bad-aws.test.ts';
const ACCOUNT = 'test/bad-luck/an-account-that-refuses-is-named-and-up-goes-on-when-it-does-not.test.ts';
const CREDENTIALS = 'test/aws-api/credentials-are-found-like-the-aws-tools-find-them.test.ts';
const TOFU_LOCK = 'test/tofu/a-lock-is-taken-from-the-dead-and-from-nobody-else.test.ts';
const GATE = 'src/provisioners/eks/gate.test.ts';
const PROJECT = 'test/aws/a-project-with-network-and-eks-lives-and-goes.test.ts';
const PATHS = 'test/bad-luck/a-repository-that-is-none-is-refused-before-anything-is-started.test.ts';

/** In the order and words in which they were asked for. */
export const badInputAndBadLuck: readonly CoveredLine[] = [
  { line: 'unknown key', tests: [[CONFIG, 'unknown key']] },
  {
    line: 'wrong type',
    tests: [
      [CONFIG, 'list for a mapping'],
      [CONFIG, 'text for a number'],
    ],
  },
  {
    line: 'duplicate name',
    tests: [
      [CONFIG, 'duplicate document name'],
      [CONFIG, 'duplicate Kustomization across repositories'],
    ],
  },
  {
    line: 'dangling reference',
    tests: [
      [CONFIG, 'dangling dependsOn'],
      [CONFIG, 'dangling output'],
    ],
  },
  {
    line: 'cyclic reference',
    tests: [
      [CONFIG, 'cyclic dependsOn'],
      [CONFIG, 'output of itself'],
    ],
  },
  { line: 'empty file', tests: [[CONFIG, 'empty file']] },
  { line: 'tab', tests: [[CONFIG, 'tab indentation']] },
  { line: '10 MB file', tests: [[CONFIG, 'refuses a file of 10 MB without reading it']] },
  { line: 'alias bomb', tests: [[CONFIG, 'refuses an alias bomb']] },
  { line: 'non-UTF-8', tests: [[CONFIG, 'shows where bytes are no UTF-8']] },
  {
    line: 'repository path missing',
    tests: [
      [CONFIG, 'repository path missing'],
      [PATHS, 'a path that is not there'],
    ],
  },
  {
    line: 'repository path is not a repository',
    tests: [
      [PATHS, 'a path that is a file'],
      [PATHS, 'a path whose .git is damaged'],
    ],
  },
  {
    line: 'branch missing',
    tests: [
      [PATHS, 'a branch that a local repository lacks'],
      [HTTPS, 'says which branch, path or repository is missing'],
    ],
  },
  { line: 'auth refused: 401', tests: [[HTTPS, 'refuses a wrong token: exit 77, and says what to correct']] },
  {
    line: 'auth refused: wrong host key',
    tests: [
      ['test/sources/ssh-waits-for-its-deploy-key-and-trusts-one-host-key.test.ts', 'trusts no other host key'],
      [
        'test/flux/sources-over-http-ssh-and-oci-with-real-credentials.test.ts',
        'ssh: a generated key waits for a person, a wrong host key is never trusted',
      ],
    ],
    mayBeSkipped: 'it needs an OpenSSH server',
  },
  {
    line: 'Kustomization path missing',
    tests: [
      [DOWN, 'after a Kustomization whose path is missing'],
      [STALLS, 'the path of a nested unit that is missing'],
    ],
  },
  {
    line: 'invalid manifest',
    tests: [
      [FLEET, 'gets no YAML at all: up names the file'],
      [FLEET, 'gets a value its schema forbids: up names object, reason and file, and status as well'],
      [STALLS, 'a value the API refuses'],
    ],
  },
  { line: 'CRD missing', tests: [[STALLS, 'a kind that is not served']] },
  { line: 'immutable field', tests: [[STALLS, 'an immutable field']] },
  {
    line: 'failing health check',
    tests: [
      [STALLS, 'a custom resource that says why'],
      [STALLS, 'a container that crashes'],
    ],
  },
  { line: 'port taken between choice and use', tests: [[MACHINE, 'taken between choice and use is replaced by another: %s']] },
  {
    line: 'disk full',
    tests: [
      [MACHINE, 'that is too small for the cluster: up says so, and goes on once there is room'],
      [MACHINE, 'that is full to the last byte: nothing is done without a record, and nothing is lost'],
    ],
    mayBeSkipped: 'a small tmpfs needs mount(8)',
  },
  {
    line: 'read-only folder',
    tests: [
      [MACHINE, 'that is read-only: what acts is refused with 77, what looks works'],
      [MACHINE, 'that is read-only from the start: up is refused before anything is started'],
    ],
    mayBeSkipped: 'a read-only mount needs mount(8)',
  },
  { line: 'state folder of a newer version', tests: [[STATE, 'of a newer version is refused untouched']] },
  {
    line: 'corrupt journal line',
    tests: [
      [STATE, 'with a corrupt journal row is refused, and verify names the row'],
      [STATE, 'with a journal that is no database is refused'],
    ],
  },
  { line: 'two operators at once', tests: [[STATE, 'keeps a second operator out, names the first, and both end well']] },
  {
    line: 'stale lock',
    tests: [
      [STATE, 'of a killed run is free at once, and the next run says that it goes on'],
      [STATE, 'of another host is never presumed dead: only unlock with its name frees it'],
    ],
  },
  {
    line: 'clock jump',
    tests: [
      [MACHINE, 'that jumps a few hours ahead or some minutes back changes nothing'],
      [MACHINE, 'that went back and comes right again: certificates are renewed, the cluster goes on'],
    ],
  },
  {
    line: 'killed child',
    tests: [
      [CHILDREN, 'of %s is seen by plan and mended by up'],
      [CHILDREN, 'of everything at once is mended by up, and nothing is left after down'],
    ],
  },
  {
    line: 'API server restart during apply',
    tests: [
      [
        'test/kube/applying-goes-on-when-the-server-is-killed-and-restarted.test.ts',
        'applies every object once, through a SIGKILL in the middle',
      ],
      [MACHINE, 'that is killed while Flux is being applied: the same command reaches the end'],
    ],
  },
];

/** The same for networks and clusters on AWS. */
export const badInputAndBadLuckOnAws: readonly CoveredLine[] = [
  {
    line: 'CIDR overlap',
    tests: [
      [AWS_CONFIG, 'subnets over each other'],
      [AWS_CONFIG, 'VPN clients in the network'],
      [AWS_CONFIG, 'services over the network'],
    ],
  },
  { line: 'CIDR too small for the AZs', tests: [[AWS_CONFIG, 'a network too small for its zones']] },
  {
    line: 'subnet counts',
    tests: [
      [AWS_CONFIG, 'more subnets than zones'],
      [AWS_CONFIG, 'subnets of two sorts that differ in number'],
    ],
  },
  {
    line: 'unknown region',
    tests: [
      [AWS_CONFIG, 'an unknown word for a region'],
      ['src/aws/aws.test.ts', 'to a region whose name does not resolve asks whether it is the right one'],
      ['src/aws/aws.test.ts', '%s is refused'],
    ],
  },
  { line: 'unknown instance type', tests: [[ACCOUNT, 'whose region has no such instance type']] },
  { line: 'unknown AMI family', tests: [[AWS_CONFIG, 'an unknown family of images']] },
  {
    line: 'missing credentials',
    tests: [
      [CREDENTIALS, 'that are late, or need a login, or do not exist say so, and how to get them'],
      [
        'test/aws-api/a-project-with-remote-state-is-one-for-several-machines.test.ts',
        'stops with what to do when credentials are missing, half, or not permitted',
      ],
    ],
    mayBeSkipped: 'another account, profiles and policies are answered by moto, which needs Python',
  },
  {
    line: 'expired credentials',
    tests: [
      [CREDENTIALS, 'that are late, or need a login, or do not exist say so, and how to get them'],
      ['src/aws/aws.test.ts', 'refused with %d %s is %s'],
      [ACCOUNT, 'that does not know the credentials'],
    ],
    mayBeSkipped: 'another account, profiles and policies are answered by moto, which needs Python',
  },
  {
    line: 'insufficient permission: which action',
    tests: [
      [ACCOUNT, 'that does not permit an action'],
      [CREDENTIALS, 'whose policy does not allow an action make it named'],
    ],
    mayBeSkipped: 'another account, profiles and policies are answered by moto, which needs Python',
  },
  { line: 'quota', tests: [[ACCOUNT, 'whose quota is reached']] },
  { line: 'name taken', tests: [[ACCOUNT, 'in which the name is taken']] },
  {
    line: 'state locked by whom since when',
    tests: [
      [TOFU_LOCK, 'a lock of somebody else is told with its owner, and not touched'],
      ['src/tofu/messages.test.ts', 'of a lock tell whose it is and since when'],
    ],
  },
  {
    line: 'state bucket in another account',
    tests: [
      ['test/aws-api/a-state-bucket-is-made-hardened-and-removed-last.test.ts', 'whose name another account has is refused'],
      ['src/aws/aws.test.ts', 'that answers 403 is of someone else when it is not among ours'],
    ],
    mayBeSkipped: 'another account, profiles and policies are answered by moto, which needs Python',
  },
  { line: 'tofu too old', tests: [['src/tofu/binary.test.ts', 'refuses one that is too old or no tofu instead of passing it over']] },
  {
    line: 'plan stale',
    tests: [
      [
        'test/tofu/a-saved-plan-is-applied-only-to-the-state-it-was-made-on.test.ts',
        'one that somebody overtook is not applied: a new one is wanted',
      ],
    ],
  },
  { line: 'provider crash', tests: [[ACCOUNT, 'under which the provider crashes']] },
  { line: 'network gone in the middle', tests: [[ACCOUNT, 'to which the network is gone in the middle']] },
  {
    line: 'unreachable private API',
    tests: [
      [GATE, 'no route but the one to the internet'],
      [GATE, 'a VPN that leads there, and silence'],
      [GATE, 'an unknown name'],
      [PROJECT, 'is made up to the private API, and says what is missing there'],
    ],
  },
  {
    line: 'expired VPN certificate',
    tests: [
      [
        'test/vpn/certificates-and-lists-are-renewed-in-time.test.ts',
        'shut everybody out when nobody renews them, which status and the host tell; up opens again',
      ],
    ],
    mayBeSkipped: 'a VPN host needs network namespaces and OpenVPN',
  },
  {
    line: 'removed node pool with pods that cannot move',
    tests: [
      ['src/provisioners/eks/removed-pools.test.ts', 'has nowhere to go without nodes of its label'],
      [PROJECT, 'warns in the plan of pods of a removed pool that cannot move'],
    ],
  },
];
