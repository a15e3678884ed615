/**
 * Records what the test provider serves: the AWS provider's schema of the types in test/aws-provider/types.json, read from the typed
 * bindings that are generated from the real provider (npm package @cdktn/provider-aws, pinned below). Bindings do not tell which
 * attributes are sensitive, force a replacement or have validators: that stands in test/aws-provider/behaviour.json, with sources.
 * `node scripts/record-aws-schema.ts [FOLDER]`: FOLDER holds the unpacked package; without it, it is packed by npm.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BINDINGS = '@cdktn/provider-aws@25.7.0';
const target = join(import.meta.dirname, '..', 'test', 'aws-provider');

/** Shapes of `tofu providers schema -json`, as far as bindings tell. */
type Type = string | readonly ['list' | 'set' | 'map', Type] | readonly ['object', Readonly<Record<string, Type>>];
interface Attribute {
  readonly type: Type;
  readonly required?: true;
  readonly optional?: true;
  readonly computed?: true;
}
interface NestedBlock {
  readonly nesting_mode: string;
  readonly block: Block;
  readonly min_items?: number;
  readonly max_items?: number;
}
interface Block {
  readonly attributes?: Record<string, Attribute>;
  readonly block_types?: Record<string, NestedBlock>;
}

/** One `// name - computed: …` of a class, with what follows it. */
interface Member {
  readonly name: string;
  readonly computed: boolean;
  readonly optional: boolean;
  readonly required: boolean;
  readonly body: string;
}

const MEMBER = /\/\/ (\w+) - computed: (true|false), optional: (true|false), required: (true|false)\n([\s\S]*?)(?=\n {4}\/\/ |\n\}\n)/g;

class Bindings {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }

  classText(name: string): string {
    const start = this.text.indexOf(`\nclass ${name} extends `);
    if (start < 0) throw new Error(`no class ${name}`);
    return this.text.slice(start, this.text.indexOf('\n}\n', start) + 3);
  }

  members(className: string): readonly Member[] {
    return [...this.classText(className).matchAll(MEMBER)].map(([, name = '', computed, optional, required, body = '']) => {
      return { name, computed: computed === 'true', optional: optional === 'true', required: required === 'true', body };
    });
  }

  /** Kinds of nesting by name, from the `attrs` of a class or of its struct's function. */
  nesting(owner: string): string {
    const name = owner[0]?.toLowerCase() + owner.slice(1);
    const at = this.text.indexOf(`function ${name}ToHclTerraform(`);
    if (at >= 0) return this.text.slice(at, this.text.indexOf('\n}\n', at));
    return /synthesizeHclAttributes\(\) \{[\s\S]*?\n {4}\}\n/.exec(this.classText(owner))?.[0] ?? '';
  }

  block(className: string): Block {
    const owner = className.replace(/OutputReference$/, '');
    const hcl = this.nesting(owner);
    const attributes: Record<string, Attribute> = {};
    const blocks: Record<string, NestedBlock> = {};
    for (const member of this.members(className)) {
      const nested = /= new (\w+?)(List|OutputReference)\(this, "\w+"(?:, (true|false))?\)/.exec(member.body);
      if (nested && !member.computed)
        blocks[member.name] = this.nestedBlock(member, { name: nested[1] ?? '', single: nested[2] !== 'List', hcl });
      else attributes[member.name] = attribute(member, nested ? this.objectType(nested) : plainType(member.body));
    }
    return { ...(Object.keys(attributes).length > 0 && { attributes }), ...(Object.keys(blocks).length > 0 && { block_types: blocks }) };
  }

  nestedBlock(member: Member, { name, single, hcl }: { name: string; single: boolean; hcl: string }): NestedBlock {
    const kind = new RegExp(`\\n\\s+${member.name}: \\{[^}]*?type: "(\\w+)"`).exec(hcl)?.[1] ?? 'list';
    const block = this.block(`${name}OutputReference`);
    if (kind === 'struct') return { nesting_mode: 'single', block };
    return { nesting_mode: kind, block, ...(member.required && { min_items: 1 }), ...(single && { max_items: 1 }) };
  }

  objectType([, name = '', shape, wrapsSet]: RegExpExecArray): Type {
    const fields = this.members(`${name}OutputReference`).map((member) => {
      const nested = /= new (\w+?)(List|OutputReference)\(this, "\w+"(?:, (true|false))?\)/.exec(member.body);
      return [member.name, nested ? this.objectType(nested) : plainType(member.body)] as const;
    });
    const object: Type = ['object', Object.fromEntries(fields)];
    return shape === 'List' ? [wrapsSet === 'true' ? 'set' : 'list', object] : ['list', object];
  }
}

const GETTERS: readonly (readonly [RegExp, Type])[] = [
  [/tolist\(this\.getNumberListAttribute/, ['set', 'number']],
  [/getNumberListAttribute/, ['list', 'number']],
  [/tolist\(this\.getListAttribute/, ['set', 'string']],
  [/getListAttribute/, ['list', 'string']],
  [/getStringMapAttribute|new cdktn\.StringMap/, ['map', 'string']],
  [/getBooleanMapAttribute|new cdktn\.BooleanMap/, ['map', 'bool']],
  [/getNumberMapAttribute|new cdktn\.NumberMap/, ['map', 'number']],
  [/getBooleanAttribute/, 'bool'],
  [/getNumberAttribute/, 'number'],
  [/getStringAttribute/, 'string'],
];

function plainType(body: string): Type {
  const found = GETTERS.find(([pattern]) => pattern.test(body));
  if (!found) throw new Error(`no type in: ${body}`);
  return found[1];
}

function attribute(member: Member, type: Type): Attribute {
  return {
    type,
    ...(member.required && { required: true }),
    ...(member.optional && { optional: true }),
    ...(member.computed && { computed: true }),
  };
}

/** The provider's own configuration has no getters of types: what is there is told by its HCL alone. */
function providerBlock(hcl: string, functions: (name: string) => string): Block {
  const attributes: Record<string, Attribute> = {};
  const blocks: Record<string, NestedBlock> = {};
  const entries = hcl.matchAll(
    /\n\s+(\w+): \{\n\s+value: [^\n]*\n\s+isBlock: (true|false),\n\s+type: "(\w+)",\n\s+storageClassType: "(\w+)"/g,
  );
  for (const [, name = '', isBlock, kind = '', storage = ''] of entries) {
    if (name === 'alias') continue;
    if (isBlock === 'true') blocks[name] = { nesting_mode: kind, block: providerBlock(functions(storage), functions) };
    else attributes[name] = { type: configurationType(kind, storage), optional: true };
  }
  return { ...(Object.keys(attributes).length > 0 && { attributes }), ...(Object.keys(blocks).length > 0 && { block_types: blocks }) };
}

function configurationType(kind: string, storage: string): Type {
  const base = storage.startsWith('boolean') ? 'bool' : storage.startsWith('number') ? 'number' : 'string';
  return kind === 'list' || kind === 'set' || kind === 'map' ? [kind, base] : base;
}

function pack(): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-aws-schema-'));
  execFileSync('npm', ['pack', BINDINGS, '--silent', '--pack-destination', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [archive = ''] = readdirSync(folder);
  execFileSync('tar', ['xzf', join(folder, archive), '-C', folder]);
  return { folder: join(folder, 'package'), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function record(folder: string): unknown {
  const read = (name: string): Bindings => new Bindings(readFileSync(join(folder, 'lib', name, 'index.js'), 'utf8'));
  const folderOf = (type: string): string => type.replace(/^aws_/, '').replaceAll('_', '-');
  const wanted = JSON.parse(readFileSync(join(target, 'types.json'), 'utf8')) as Record<'resources' | 'data', readonly string[]>;
  const schemaOf = (name: string, kind: 'Resource' | 'DataSource'): { readonly block: Block } => {
    const bindings = read(name);
    const main = new RegExp(`\\nclass (\\w+) extends cdktn\\.Terraform${kind} `).exec(bindings.text)?.[1];
    if (main === undefined) throw new Error(`${name}: no ${kind}`);
    return { block: bindings.block(main) };
  };
  const provider = read('provider');
  const functions = (storage: string): string => provider.nesting(storage.replace(/List$/, ''));
  const version = /registry\.terraform\.io\/providers\/hashicorp\/aws\/([\d.]+)\//.exec(provider.text)?.[1];
  return {
    provider_version: version,
    bindings: BINDINGS,
    provider: { block: providerBlock(provider.nesting('AwsProvider'), functions) },
    resource_schemas: Object.fromEntries([...wanted.resources].sort().map((type) => [type, schemaOf(folderOf(type), 'Resource')])),
    data_source_schemas: Object.fromEntries(
      [...wanted.data].sort().map((type) => [type, schemaOf(`data-aws-${folderOf(type)}`, 'DataSource')]),
    ),
  };
}

/** One attribute a line: small, and a diff shows what a new version changes. */
function print(value: unknown, indent = ''): string {
  if (typeof value !== 'object' || value === null || 'type' in value) return JSON.stringify(value);
  const lines = Object.entries(value).map(([key, inner]) => `${indent} ${JSON.stringify(key)}: ${print(inner, `${indent} `)}`);
  return `{\n${lines.join(',\n')}\n${indent}}`;
}

const given = process.argv[2];
const source = given === undefined ? pack() : { folder: given, remove: () => undefined };
try {
  writeFileSync(join(target, 'schema.json'), `${print(record(source.folder))}\n`);
} finally {
  source.remove();
}
