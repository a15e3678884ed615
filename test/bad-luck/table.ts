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
