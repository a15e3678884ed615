import { describe, expect, it } from 'vitest';
import { readSources } from './sources.ts';

const FORBIDDEN = /^(utils?|helpers?|common|misc|manager|types)$/;
/** The Kubernetes words shared by every module that talks to an API server. */
const ALLOWED = ['src/kube/types.ts'];

describe('names', () => {
  const paths = readSources('src', 'test', 'scripts').map((file) => file.path);

  it('say what is inside', () => {
    // A scenario is named as a sentence, which may hold any word.
    const vague = paths
      .filter((path) => !path.endsWith('.test.ts'))
      .filter((path) =>
        path
          .replace(/\.ts$/, '')
          .split('/')
          .some((part) => part.split(/[-.]/).some((word) => FORBIDDEN.test(word))),
      );
    expect(vague.filter((path) => !ALLOWED.includes(path))).toEqual([]);
  });

  it('are kebab-case', () => {
    expect(paths.filter((path) => !path.split('/').every((part) => /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*$/.test(part)))).toEqual([]);
  });

  it('have default exports in command modules and tool configuration only', () => {
    const files = readSources('src').filter((file) => /^export default /m.test(file.text) && !file.path.startsWith('src/cli/commands/'));
    expect(files.map((file) => file.path)).toEqual([]);
  });
});
