/** The questions of `slipway init` on a terminal. Asks on stderr; Ctrl-C at any question writes nothing. */
import { cancel, confirm, group, intro, outro, select, text } from '@clack/prompts';
import { isFault, parseAddress } from '../config/address.ts';
import { isLabel } from '../core/ids.ts';
import type { InitAnswers } from './commands/init.ts';
import type { Session } from './context.ts';

/** Undefined: it can be one. */
function whyNotAddress(text: string): string | undefined {
  if (text === '') return 'a path or URL';
  const address = parseAddress(text, '/');
  return isFault(address) ? address.message : undefined;
}

/** After a cancelled question the library would ask the next one; this ends it. */
class GivenUp extends Error {}

/** Undefined when the person gave up. */
export async function askStarter(session: Session, suggestedName: string): Promise<InitAnswers | undefined> {
  try {
    return await askAll(session, suggestedName);
  } catch (error) {
    if (error instanceof GivenUp) return undefined;
    throw error;
  }
}

async function askAll(session: Session, suggestedName: string): Promise<InitAnswers | undefined> {
  const streams = { ...session.terminal.prompt, signal: session.signal };
  intro('A first slipway.yaml', streams);
  const answers = await group(
    {
      name: () =>
        text({
          message: 'Name of project and cluster',
          initialValue: suggestedName,
          validate: (value) => (isLabel(value ?? '') ? undefined : 'lower-case letters, digits and "-"'),
          ...streams,
        }),
      provisioner: () =>
        select<'local' | 'existing'>({
          message: 'How does the cluster come to be?',
          options: [
            { value: 'local', label: 'local', hint: 'a real API server as processes on this machine: no containers, no cloud account' },
            { value: 'existing', label: 'existing', hint: 'it is there; Flux is put on it' },
          ],
          ...streams,
        }),
      source: () =>
        select<'fleet' | 'repository' | 'later'>({
          message: 'What shall Flux apply?',
          options: [
            { value: 'fleet', label: 'a new folder ./fleet', hint: 'with one small example' },
            { value: 'repository', label: 'a repository or folder that is there' },
            { value: 'later', label: 'nothing yet' },
          ],
          ...streams,
        }),
      repository: ({ results }) =>
        results.source === 'repository'
          ? text({
              message: 'Path, https:// or ssh:// of the repository',
              validate: (value) => whyNotAddress(value ?? ''),
              ...streams,
            })
          : undefined,
      write: () => confirm({ message: 'Write slipway.yaml?', ...streams }),
    },
    {
      onCancel: () => {
        throw new GivenUp();
      },
    },
  );
  if (!answers.write) {
    cancel('Given up.', streams);
    return undefined;
  }
  outro('Good.', streams);
  const repository = answers.source === 'fleet' ? './fleet' : answers.repository;
  return {
    name: answers.name,
    provisioner: answers.provisioner,
    fleet: answers.source === 'fleet',
    ...(typeof repository === 'string' && { repository }),
  };
}
