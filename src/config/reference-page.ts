/** docs/reference/config.md as text, from the kinds. Pure; scripts/generate-config-reference.ts writes it. */
import { showDefault, showJson, toExplanation } from './explain.ts';
import { type Field, fieldTree } from './field-tree.ts';
import { isKind, kinds, outputs, RESERVED_KINDS } from './kinds/registry.ts';
import { API_VERSION } from './kinds/vocabulary.ts';

const HEAD = `<!-- Generated from src/config/kinds by \`node scripts/generate-config-reference.ts\`; do not edit. -->

# The project file

Every document says \`apiVersion: ${API_VERSION}\`. Unknown keys are errors. \`slipway explain KIND.FIELD\` prints the same on
the command line, and \`slipway schema\` the JSON Schema for editors. How to write a project step by step: [the guide](../guide/project-file.md).

\`*\` stands for a name you choose, \`[]\` for each item of a list. A *reference* is one of \`{env: NAME}\`, \`{file: path}\` and
\`{output: KIND/NAME.field}\`, written as the whole value and without quotes. A *secret reference* takes no literal, and what it
gives is hidden in every output. Durations are sums of numbers with \`ms\`, \`s\`, \`m\` or \`h\`: \`90s\`, \`1h30m\`.
`;

export function renderConfigReference(): string {
  const names = Object.keys(kinds).filter(isKind);
  const reserved = `## Reserved kinds\n\nThese kinds are designed and not available in this version: ${RESERVED_KINDS.map((kind) => `\`${kind}\``).join(', ')}.\n`;
  return [HEAD, ...names.map((kind) => renderKind(fieldTree(kind))), renderOutputs(), reserved].join('\n');
}

function renderKind(root: Field): string {
  return [`## ${root.name}\n`, `${root.description}\n`, ...renderBelow(root, new Map())].join('\n');
}

/** References have the same three fields everywhere, and some blocks stand in several places: each is described once. */
function renderBelow(field: Field, described: Map<string, string>): readonly string[] {
  if (field.isReference) return [];
  const block =
    field.children.length < SMALL
      ? undefined
      : JSON.stringify(field.children, (key, value: unknown) => (key === 'path' ? undefined : value));
  const elsewhere = block === undefined ? undefined : described.get(block);
  if (elsewhere !== undefined) return [`Its fields are those of \`${elsewhere}\`.\n`];
  if (block !== undefined) described.set(block, field.path);
  return field.children.flatMap((child) => [renderField(child), ...renderBelow(child, described)]);
}

/** Blocks with fewer fields are repeated rather than pointed to. */
const SMALL = 3;

function renderField(field: Field): string {
  const explanation = toExplanation(field);
  const fallback = showDefault(explanation.default);
  const facts = [
    explanation.type,
    explanation.required ? '**required**' : undefined,
    explanation.only === undefined ? undefined : `only with \`${explanation.only}\``,
    fallback === undefined ? undefined : `default \`${fallback}\``,
    explanation.allowed ? `one of ${explanation.allowed.map((value) => `\`${showJson(value)}\``).join(', ')}` : undefined,
    explanation.range,
    explanation.rule,
  ].filter((fact) => fact !== undefined);
  const example = explanation.examples?.map((value) => `\`${showJson(value)}\``).join(', ');
  const lines = [`### \`${field.path}\``, '', `*${facts.join(' · ')}*`, '', escapeBraces(explanation.description)];
  return [...lines, ...(example === undefined ? [] : ['', `Example: ${example}`]), ''].join('\n');
}

function escapeBraces(text: string): string {
  return text.replace(/(?<!`)(\$?\{[^}`]*\})/g, '`$1`').replace(/([*_])(?=\S)/g, '\\$1');
}

function renderOutputs(): string {
  const rows = Object.entries(outputs).flatMap(([kind, fields]) =>
    Object.entries(fields).map(
      ([name, type]) => `| \`${kind}/NAME.${name}\` | ${type === 'secret' ? 'secret: only in secret fields' : 'text'} |`,
    ),
  );
  return ['## Outputs', '', '| reference | type |', '|---|---|', ...rows, ''].join('\n');
}
