import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PINNED_KUBERNETES } from './kinds/cluster.ts';
import { isKind, kinds } from './kinds/registry.ts';
import { projectArbitrary } from './project-arbitrary.ts';
import { renderConfigReference } from './reference-page.ts';
import { type JsonSchema, projectSchema } from './schema.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

const accepts = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(projectSchema());

describe('the JSON Schema', () => {
  it('accepts whatever the kinds accept', () => {
    fc.assert(
      fc.property(projectArbitrary, (documents) => {
        for (const document of documents) expect(accepts(document) || accepts.errors).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('refuses what the kinds refuse in shape', () => {
    const change = fc.constantFrom<(document: Record<string, unknown>) => unknown>(
      (document) => ({ ...document, extra: 1 }),
      (document) => ({ ...document, kind: 'Other' }),
      (document) => ({ ...document, metadata: { name: 'Not_A_Label' } }),
      (document) => ({ ...document, spec: { ...(document['spec'] as object), extra: 1 } }),
      (document) => ({ ...document, spec: [] }),
      (document) => ({
        ...document,
        spec: { provisioner: 'local', gitops: { repositories: { a: { git: { url: './a', branch: 'b', tag: 't' } } } } },
      }),
      (document) => ({ ...document, spec: { provisioner: 'local', gitops: { repositories: { a: {} } } } }),
      (document) => ({ ...document, spec: { provisioner: 'existing', existing: { kubeconfig: { file: 'a', env: 'B' } } } }),
    );
    fc.assert(
      fc.property(projectArbitrary, change, ([document = {}], spoil) => {
        const spoilt = spoil(document);
        const { kind } = document;
        expect(isKind(kind) && kinds[kind].safeParse(spoilt).success).toBe(false);
        expect(accepts(spoilt)).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it('describes every field in a sentence', () => {
    const bare: string[] = [];
    const visit = (schema: JsonSchema, path: string): void => {
      for (const [name, property] of Object.entries(schema.properties ?? {})) {
        if (!/^[\S].*\.$/s.test(property.description ?? '')) bare.push(`${path}.${name}`);
        visit(property, `${path}.${name}`);
      }
      for (const part of [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), schema.items]) if (part) visit(part, path);
      if (typeof schema.additionalProperties === 'object') visit(schema.additionalProperties, `${path}.*`);
    };
    visit(projectSchema(), '');
    expect(bare).toEqual([]);
  });

  it('names in the description every default it fills in', () => {
    const wrong: string[] = [];
    const visit = (schema: JsonSchema, path: string): void => {
      const { default: fallback, description = '' } = schema;
      if (fallback !== undefined && typeof fallback !== 'object' && !description.includes(`Default: ${fallback}.`))
        wrong.push(`${path}: ${fallback}`);
      for (const [name, property] of Object.entries(schema.properties ?? {})) visit(property, `${path}.${name}`);
      for (const part of [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), schema.items]) if (part) visit(part, path);
      if (typeof schema.additionalProperties === 'object') visit(schema.additionalProperties, `${path}.*`);
    };
    visit(projectSchema(), '');
    expect(wrong).toEqual([]);
  });
});

describe('what is written down elsewhere', () => {
  it('pins the Kubernetes version of the toolchain', () => {
    expect(read('toolchain/go.mod')).toContain(`k8s.io/kubernetes v${PINNED_KUBERNETES}`);
  });

  it('has generated docs/reference/config.md and the schema from the kinds as they are', () => {
    expect(read('docs/reference/config.md')).toBe(renderConfigReference());
    expect(JSON.parse(read('docs/reference/slipway.schema.json'))).toEqual(projectSchema());
  });
});
