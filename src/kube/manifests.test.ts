import { describe, expect, it } from 'vitest';
import { SlipwayError, SlipwayErrors } from '../core/errors.ts';
import { parseManifests } from './manifests.ts';

function failures(text: string): readonly SlipwayError[] {
  try {
    parseManifests(text, 'fleet/app.yaml');
  } catch (error) {
    if (error instanceof SlipwayErrors) return error.errors;
    if (error instanceof SlipwayError) return [error];
    throw error;
  }
  throw new Error('nothing was thrown');
}

function summary(text: string): readonly string[] {
  return failures(text).map((error) => `${error.code} ${error.at?.line}:${error.at?.col} ${error.message}`);
}

describe('parseManifests', () => {
  it('reads documents with their positions, skips empty ones, takes lists apart', () => {
    const text = `# a comment only
---
apiVersion: v1
kind: Namespace
metadata: {name: a}
---
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: b, namespace: a}
- apiVersion: v1
  kind: SecretList
  items:
  - {apiVersion: v1, kind: Secret, metadata: {name: c, namespace: a}}
`;
    expect(parseManifests(text, 'f.yaml').map(({ object, at }) => `${object.kind} ${at.line}:${at.col}`)).toEqual([
      'Namespace 3:1',
      'ConfigMap 11:3',
      'Secret 17:5',
    ]);
  });

  it('reads scalars as the Kubernetes tools do', () => {
    const text =
      'apiVersion: v1\nkind: X\nmetadata: {name: x}\nspec: {mode: 0644, on: yes, port: "8080:80", time: 22:22, day: 2024-01-02, ratio: 1.5, none: ~, hex: 0x1F, quoted: "0644"}\n';
    expect(parseManifests(text, 'f')[0]?.object['spec']).toEqual({
      mode: 420,
      true: true,
      port: '8080:80',
      time: '22:22',
      day: '2024-01-02',
      ratio: 1.5,
      none: null,
      hex: 31,
      quoted: '0644',
    });
  });

  it('follows anchors and merge keys', () => {
    const text = 'apiVersion: v1\nkind: X\nmetadata: {name: x}\nbase: &base {a: 1, b: 2}\nspec: {<<: *base, b: 3}\n';
    expect(parseManifests(text, 'f')[0]?.object['spec']).toEqual({ a: 1, b: 3 });
  });

  it('reads JSON', () => {
    expect(parseManifests('{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}', 'f')).toHaveLength(1);
  });

  it('gives nothing for an empty file', () => {
    expect(parseManifests('', 'f')).toEqual([]);
    expect(parseManifests('---\n# nothing\n', 'f')).toEqual([]);
  });

  it('finds every bad document at once, each with its position', () => {
    const text = `apiVersion: v1
kind: ConfigMap
metadata: {name: 8080, namespace: a}
---
kind: ConfigMap
metadata: {name: a}
---
apiVersion: v1
kind: ConfigMap
---
- a list
---
apiVersion: v1
kind: Pod
metadata:
  generateName: x-
---
just text
`;
    expect(summary(text)).toEqual([
      'SLW-KUB-031 3:18 metadata.name of ConfigMap is 8080, not a text; put it in quotes',
      'SLW-KUB-031 5:1 apiVersion is missing',
      'SLW-KUB-031 8:1 ConfigMap has no metadata',
      'SLW-KUB-031 11:1 document is a list, not a Kubernetes object',
      'SLW-KUB-031 16:17 Pod has generateName, which cannot be applied again; give it a name',
      'SLW-KUB-031 18:1 document is the plain value "just text", not a Kubernetes object',
    ]);
  });

  it('names the place of broken YAML, tabs included', () => {
    expect(summary('apiVersion: v1\nkind: [a\nmetadata: {}\n')[0]).toMatch(/^SLW-KUB-030 [23]:\d+ manifest is not YAML/);
    expect(summary('apiVersion: v1\nspec:\n\tkind: x\n')[0]).toMatch(/^SLW-KUB-030 3:1 manifest is not YAML/);
  });

  it('refuses an alias bomb', () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) => `l${level}: &l${level} [${Array.from({ length: 9 }, () => (level === 0 ? 'x' : `*l${level - 1}`)).join(',')}]`,
    );
    expect(summary(`apiVersion: v1\nkind: X\nmetadata: {name: x}\n${levels.join('\n')}\n`)[0]).toMatch(
      /^SLW-KUB-030 1:1 manifest cannot be read: Excessive alias count/,
    );
  });

  it('refuses the same object twice and says where the first is', () => {
    const one = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n';
    expect(summary(`${one}---\n${one}`)).toEqual(['SLW-KUB-032 5:1 ConfigMap/b/a is given twice, first at fleet/app.yaml:1:1']);
  });
});
