/** Text that looks like a reference but is none: nothing is ever replaced inside a string. */
import type { SlipwayError } from '../../core/errors.ts';
import type { Unit } from '../document.ts';
import { error, showField } from '../shape-faults.ts';
import type { FieldPath } from '../source.ts';

/** Patches and CEL are other languages, in which braces have their own meaning. */
const OTHER_LANGUAGES = new Set(['patch', 'current', 'inProgress', 'failed']);

const LOOKS: readonly { readonly pattern: RegExp; readonly fix: (match: RegExpMatchArray) => string }[] = [
  { pattern: /^\s*\{\s*(env|file|output)\s*:\s*([^}]*?)\s*\}\s*$/, fix: (match) => `remove the quotes: {${match[1]}: ${match[2]}}` },
  {
    pattern: /\$\{\s*([A-Za-z_][A-Za-z0-9_]*)[^}]*\}/,
    fix: (match) => `where the field takes references, make the whole value {env: ${match[1]}}; elsewhere write the text itself`,
  },
  {
    pattern: /\{\{.*\}\}/,
    fix: () => 'where the field takes references, make the whole value {output: KIND/NAME.field}; elsewhere write the text itself',
  },
];

export function findLookAlikes(unit: Unit): readonly SlipwayError[] {
  const errors: SlipwayError[] = [];
  visitText(unit.document.value, [], (text, path) => {
    const look = LOOKS.find(({ pattern }) => pattern.test(text));
    const match = look && text.match(look.pattern);
    if (!match || OTHER_LANGUAGES.has(String(path.at(-1)))) return;
    errors.push(
      error('SLW-CFG-030', `${showField(path)} holds a reference inside a string`, { context: unit, path, fix: look.fix(match) }),
    );
  });
  return errors;
}

function visitText(value: unknown, path: FieldPath, visit: (text: string, path: FieldPath) => void): void {
  if (typeof value === 'string') visit(value, path);
  if (typeof value !== 'object' || value === null) return;
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
  for (const [key, item] of entries) visitText(item, [...path, key], visit);
}
