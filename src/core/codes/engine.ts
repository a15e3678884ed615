import type { CodeTable } from './entry.ts';

/** SLW-ENG-NNN */
export const engineCodes = {
  'SLW-ENG-001': {
    title: 'two steps with one id',
    explain: 'Step ids live in the journal and must be unique in a project. Two documents led to the same step.',
    fix: 'give the two documents different names',
    exit: 65,
    retry: 'no',
  },
  'SLW-ENG-002': {
    title: 'step that needs an unknown step',
    explain: 'A step depends on another one that is not part of the project.',
    fix: 'add the document that is referred to, or remove the reference',
    exit: 65,
    retry: 'no',
  },
  'SLW-ENG-003': {
    title: 'steps that need each other in a circle',
    explain: 'The dependencies of the steps form a cycle, so there is no order in which they could run.',
    fix: 'remove one of the references in the circle',
    exit: 65,
    retry: 'no',
  },
  'SLW-ENG-004': {
    title: 'selection that matches nothing',
    explain: '`--only KIND/NAME` names a document that is neither in the project nor in its ledger.',
    fix: 'give one of the documents that `slipway plan` lists',
    exit: 64,
    retry: 'no',
  },
  'SLW-ENG-005': {
    title: 'the world has moved since the plan',
    explain:
      'A reviewed plan is bound to the project and to what was observed when it was made. Made again now it comes out differently, so what was reviewed is not what would be done. Nothing was done.',
    fix: 'make and review a new plan: `slipway plan --out FILE`',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-ENG-006': {
    title: 'unreadable plan file',
    explain: 'The file was not written by `slipway plan --out`, was altered since, or has a format that this Slipway does not know.',
    fix: 'make the plan again with this Slipway: `slipway plan --out FILE`',
    exit: 65,
    retry: 'no',
  },
  'SLW-ENG-007': {
    title: 'more than the plan announced',
    explain:
      'What a step has to do became known only during the run, and it is more than the plan had announced (something would be changed, replaced or deleted, or more would be created). It was not done without being asked for; what else could be done was done.',
    fix: 'run `slipway plan` to see it, then `slipway up` again',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-ENG-008': {
    title: 'step that cannot say what it would do',
    explain: 'A step was still undecided when its turn came, although everything it needs was done.',
    fix: 'run the same command again with -v; if it stays, report it with the output of `slipway journal show`',
    exit: 70,
    retry: 'no',
  },
  'SLW-ENG-009': {
    title: 'nobody knows how to undo a step',
    explain:
      'The ledger names an undo handler that this Slipway does not have; most likely the step was done by another version. The entry stays in the ledger; everything independent of it is undone.',
    fix: 'run `slipway down` with the version of Slipway that did the step',
    exit: 65,
    retry: 'no',
  },
  'SLW-ENG-010': {
    title: 'secret about to become durable',
    explain:
      'The record that a step wants to write contains the value of a registered secret. Masking it would make the record useless for a later run or for `down`, so the step was stopped. Either a step is at fault, or a secret equals a part of an ordinary name or path.',
    fix: 'choose a secret value that is not part of a name or path of the project',
    exit: 65,
    retry: 'no',
  },
  'SLW-ENG-011': {
    title: 'step past its bound',
    explain: 'Something that a step waited for did not happen within its bound.',
    fix: 'look at `slipway status` for the cause, or give more time with --timeout',
    exit: 1,
    retry: 'no',
  },
  'SLW-ENG-012': {
    title: 'record that is no plain data',
    explain: 'A step returned outputs, an intent or an observation that cannot be written as JSON. This is a fault of Slipway.',
    fix: 'report it with the output of `slipway journal show`',
    exit: 70,
    retry: 'no',
  },
} as const satisfies CodeTable;
