import type { CodeTable } from './entry.ts';

/** SLW-HOK-NNN */
export const hookCodes = {
  'SLW-HOK-001': {
    title: 'the program of a hook cannot be run',
    explain:
      'A hook names a program that is missing, is no regular file, is not executable, or lacks the first line that names its interpreter (#!/bin/sh). That is looked at before anything is done.',
    fix: 'create the file, or make it executable: chmod +x FILE',
    exit: 65,
    retry: 'no',
  },
  'SLW-HOK-002': {
    title: 'a hook failed',
    explain:
      'The program of a hook ended with another code than 0, or not within its timeout. The last lines it wrote are in the message; all of them are in its log. What comes after it was not done; a hook with onFailure: warn would let the run go on.',
    fix: 'mend what the program complains about, then run the same command again: it begins with the hook',
    exit: 1,
    retry: 'after-user',
  },
  'SLW-HOK-003': {
    title: 'two hooks of one name',
    explain: 'Hooks are told apart in plans and journals by their name, which must be unique among the hooks of one moment of a document.',
    fix: 'rename one of them',
    exit: 65,
    retry: 'no',
  },
} as const satisfies CodeTable;
