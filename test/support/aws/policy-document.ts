/** `aws_iam_policy_document`, which asks nobody: JSON of its blocks, in the order and shape of the provider. */
import { type Attributes, text, valuesAt } from './store.ts';

const listOrOne = (values: readonly unknown[]): unknown => (values.length === 1 ? values[0] : [...values].sort().reverse());

function principals(statement: Attributes, name: string): unknown {
  const blocks = (statement[name] ?? []) as readonly Attributes[];
  if (blocks.length === 0) return undefined;
  if (blocks.some((block) => block['type'] === '*')) return '*';
  return Object.fromEntries(blocks.map((block) => [text(block['type']), listOrOne(valuesAt(block, 'identifiers'))]));
}

function conditions(statement: Attributes): unknown {
  const blocks = (statement['condition'] ?? []) as readonly Attributes[];
  const result: Record<string, Record<string, unknown>> = {};
  for (const block of blocks)
    result[text(block['test'])] = { ...result[text(block['test'])], [text(block['variable'])]: listOrOne(valuesAt(block, 'values')) };
  return blocks.length > 0 ? result : undefined;
}

function statementOf(statement: Attributes): Attributes {
  const some = (name: string): unknown => {
    const values = valuesAt(statement, name).filter((value) => value !== null && value !== undefined);
    return values.length > 0 ? listOrOne(values) : undefined;
  };
  return {
    Sid: text(statement['sid']) || undefined,
    Effect: text(statement['effect']) || 'Allow',
    Action: some('actions'),
    NotAction: some('not_actions'),
    Resource: some('resources'),
    NotResource: some('not_resources'),
    Principal: principals(statement, 'principals'),
    NotPrincipal: principals(statement, 'not_principals'),
    Condition: conditions(statement),
  };
}

export function policyDocument(config: Attributes): Attributes {
  const sources = [...valuesAt(config, 'source_policy_documents'), ...valuesAt(config, 'override_policy_documents')]
    .map(text)
    .filter((one) => one !== '');
  const inherited = sources.flatMap((one) => (JSON.parse(one) as { readonly Statement: readonly Attributes[] }).Statement);
  const own = ((config['statement'] ?? []) as readonly Attributes[]).map(statementOf);
  const document = { Version: text(config['version']) || '2012-10-17', Statement: [...inherited, ...own] };
  return {
    id: String(own.length),
    json: JSON.stringify(document, null, 2),
    minified_json: JSON.stringify(document),
    version: document.Version,
  };
}
