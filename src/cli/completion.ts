/** Completion scripts, made from the table of commands: they know what help knows, and start no process of ours when a key is pressed. */
import type { Command, RouteMap } from '@stricli/core';
import type { ParseContext } from './command.ts';
import { rootRoutes } from './routes.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export function isShell(text: string): text is Shell {
  return (SHELLS as readonly string[]).includes(text);
}

interface Entry {
  /** Words after `slipway`: `journal show`. */
  readonly path: readonly string[];
  readonly brief: string;
  readonly flags: readonly FlagEntry[];
}

interface FlagEntry {
  readonly name: string;
  readonly brief: string;
  readonly values: readonly string[];
  readonly takesValue: boolean;
}

export function completionScript(shell: Shell): string {
  const entries = collect(rootRoutes, []);
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](entries);
}

function collect(routes: RouteMap<ParseContext>, path: readonly string[]): readonly Entry[] {
  return routes.getAllEntries().flatMap(({ name, target, hidden }) => {
    if (hidden) return [];
    const here = [...path, name['convert-camel-to-kebab']];
    if ('getAllEntries' in target) return [{ path: here, brief: target.brief, flags: [] }, ...collect(target, here)];
    return [{ path: here, brief: target.brief, flags: flagsOf(target) }];
  });
}

function flagsOf(command: Command<ParseContext>): readonly FlagEntry[] {
  const flags = Object.entries(command.parameters.flags ?? {}).map(([name, flag]): FlagEntry => ({
    name: `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    brief: flag.brief,
    values: flag.kind === 'enum' ? flag.values : [],
    takesValue: flag.kind !== 'boolean',
  }));
  return [...flags, { name: '--help', brief: 'Show help', values: [], takesValue: false }];
}

/** Words that may follow: sub-commands, and the fixed words of `completion`. */
function wordsAfter(entries: readonly Entry[], path: readonly string[]): readonly { readonly word: string; readonly brief: string }[] {
  const children = entries.filter(
    (entry) => entry.path.length === path.length + 1 && path.every((word, index) => entry.path[index] === word),
  );
  const words = children.map((entry) => ({ word: entry.path.at(-1) ?? '', brief: entry.brief }));
  return path.join(' ') === 'completion' ? SHELLS.map((word) => ({ word, brief: `Script for ${word}` })) : words;
}

function bashScript(entries: readonly Entry[]): string {
  const cases = [{ path: [], flags: [] } as Pick<Entry, 'path' | 'flags'>, ...entries].map(({ path, flags }) => {
    const words = [...wordsAfter(entries, path).map(({ word }) => word), ...flags.map(({ name }) => name)];
    return `    '${path.join(' ')}') words='${words.join(' ')}' ;;`;
  });
  return `# bash completion for slipway; load with: source <(slipway completion bash)
_slipway() {
  local current previous path word words
  current=\${COMP_WORDS[COMP_CWORD]}
  previous=\${COMP_WORDS[COMP_CWORD-1]}
  case $previous in
    --output) mapfile -t COMPREPLY < <(compgen -W 'tty plain json' -- "$current"); return ;;
    -f|--file|--out|--state-dir|--toolchain|--from|--to) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
  esac
  path=
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) break ;; esac
    case "\${path:+$path }$word" in
${entries
  .map(({ path }) => `      '${path.join(' ')}')`)
  .map((pattern) => `${pattern} path="\${path:+$path }$word" ;;`)
  .join('\n')}
    esac
  done
  case $path in
${cases.join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  if [ "\${#COMPREPLY[@]}" -eq 0 ]; then mapfile -t COMPREPLY < <(compgen -f -- "$current"); fi
}
complete -o filenames -F _slipway slipway
`;
}

function zshScript(entries: readonly Entry[]): string {
  const cases = [{ path: [], flags: [] } as Pick<Entry, 'path' | 'flags'>, ...entries].map(({ path, flags }) => {
    const words = [...wordsAfter(entries, path), ...flags.map(({ name, brief }) => ({ word: name, brief }))];
    return `    '${path.join(' ')}') words_here=(${words.map(({ word, brief }) => zshQuote(`${word}:${brief}`)).join(' ')}) ;;`;
  });
  return `#compdef slipway
# zsh completion for slipway; load with: source <(slipway completion zsh)
_slipway() {
  local trail= word
  local -a words_here
  case \${words[CURRENT-1]} in
    --output) compadd tty plain json; return ;;
    -f|--file|--out|--state-dir|--toolchain|--from|--to) _files; return ;;
  esac
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ $word == -* ]] && break
    case "\${trail:+$trail }$word" in
${entries.map(({ path }) => `      '${path.join(' ')}') trail="\${trail:+$trail }$word" ;;`).join('\n')}
    esac
  done
  case $trail in
${cases.join('\n')}
  esac
  _describe 'slipway' words_here || _files
}
compdef _slipway slipway
`;
}

function zshQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fishScript(entries: readonly Entry[]): string {
  const lines = entries.flatMap((entry) => {
    const parent = entry.path.slice(0, -1);
    const word = entry.path.at(-1) ?? '';
    const siblings = wordsAfter(entries, parent).map((sibling) => sibling.word);
    const when =
      parent.length === 0
        ? '__fish_use_subcommand'
        : `__fish_seen_subcommand_from ${parent.join(' ')}; and not __fish_seen_subcommand_from ${siblings.join(' ')}`;
    const seen = entry.path.map((part) => `__fish_seen_subcommand_from ${part}`).join('; and ');
    return [
      `complete -c slipway -n '${when}' -f -a ${word} -d ${fishQuote(entry.brief)}`,
      ...entry.flags.map((flag) => fishFlag(seen, flag)),
    ];
  });
  return `# fish completion for slipway; load with: slipway completion fish | source\n${lines.join('\n')}\ncomplete -c slipway -n '__fish_seen_subcommand_from completion' -f -a '${SHELLS.join(' ')}'\n`;
}

function fishFlag(seen: string, flag: FlagEntry): string {
  const value = flag.values.length > 0 ? ` -x -a '${flag.values.join(' ')}'` : flag.takesValue ? ' -r' : '';
  return `complete -c slipway -n '${seen}' -l ${flag.name.slice(2)}${value} -d ${fishQuote(flag.brief)}`;
}

function fishQuote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
