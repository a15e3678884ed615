/**
 * Refuses text that would cost the YAML parser far more than it is worth, before it is parsed: a file of a few MiB can
 * take it gigabytes and minutes. One linear pass of the parser's own lexer, which keeps nothing.
 */
import { Lexer } from 'yaml';
import { MAX_DEPTH, type NodeFault } from './plain-data.ts';

/** About 2 MiB of an ordinary project file: some 2,000 clusters. The parser takes roughly 1 KB of memory for each. */
export const MAX_TOKENS = 400_000;

// What the lexer puts between the pieces of the text, https://eemeli.org/yaml/#lexer; these characters never stand in the text itself.
const SCALAR = '\u001f';
const MARKS: ReadonlySet<string> = new Set(['\u0002', '\u0018', SCALAR]);

/** The first bound that the text breaks. */
export function findBoundFault(text: string): NodeFault | undefined {
  let offset = 0;
  let depth = 0;
  let tokens = 0;
  let previous = '';
  for (const token of new Lexer().lex(text)) {
    tokens++;
    if (tokens > MAX_TOKENS) return { code: 'SLW-CFG-003', message: `the file has more than ${MAX_TOKENS} pieces of YAML`, offset };
    if (previous !== SCALAR) depth = Math.max(0, depth + depthStep(token));
    if (depth > MAX_DEPTH) return { code: 'SLW-CFG-010', message: `the data nests deeper than ${MAX_DEPTH} levels`, offset };
    if (!MARKS.has(token)) offset += token.length;
    previous = token;
  }
  return undefined;
}

function depthStep(token: string): number {
  if (token === '[' || token === '{') return 1;
  return token === ']' || token === '}' ? -1 : 0;
}
