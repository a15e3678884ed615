/** Colours and signs, chosen once: a renderer asks for a role, never for an escape code. */
import { styleText } from 'node:util';

export type Role = 'good' | 'bad' | 'warn' | 'busy' | 'quiet' | 'strong' | 'plain';
export type Paint = (role: Role, text: string) => string;

const STYLES = { good: 'green', bad: 'red', warn: 'yellow', busy: 'cyan', quiet: 'gray', strong: 'bold' } as const;

export function createPaint(color: boolean): Paint {
  if (!color) return (_role, text) => text;
  return (role, text) => (role === 'plain' || text === '' ? text : styleText(STYLES[role], text, { validateStream: false }));
}

/** The order of force-color.org and no-color.org: the flag, NO_COLOR, FORCE_COLOR, then whether it is a terminal. */
export function wantsColor(options: {
  readonly flag: boolean;
  readonly isTerminal: boolean;
  readonly env: (name: string) => string | undefined;
}): boolean {
  if (options.flag) return false;
  if ((options.env('NO_COLOR') ?? '') !== '') return false;
  const forced = options.env('FORCE_COLOR');
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return options.isTerminal && options.env('TERM') !== 'dumb';
}
