import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { SlipwayErrors } from '../core/errors.ts';
import { type ClusterDocument, clusterDocument } from './kinds/cluster.ts';
import { loadProject } from './load.ts';
import { hostWith } from './memory-host.ts';
import { PROJECT_WORLD, projectArbitrary } from './project-arbitrary.ts';

// Text in quotes and keys as YAML 1.1 wants them: neither version takes any of them for something else.
const toYaml = (documents: readonly unknown[]) =>
  documents
    .map((document) =>
      stringify(document, { version: '1.1', aliasDuplicateObjects: false, defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' }),
    )
    .join('---\n');
const load = (text: string | Uint8Array) => loadProject(hostWith(text, PROJECT_WORLD), '.');

const loadError = (text: string | Uint8Array): Promise<unknown> =>
  load(text).then(
    () => undefined,
    (error: unknown) => error,
  );

const isCluster = (document: Record<string, unknown>) => document['kind'] === 'Cluster';

describe('loadProject, for any project', () => {
  it('gives back what was written, defaults filled in', async () => {
    await fc.assert(
      fc.asyncProperty(projectArbitrary, async (documents) => {
        const project = await load(toYaml(documents));
        const expected = documents.filter(isCluster).map((document) => (clusterDocument.parse(document) as ClusterDocument).spec);
        expect(project.clusters.map(({ spec }) => spec)).toEqual(expected);
        expect(project.name).toBe((documents.at(0)?.['metadata'] as { name: string } | undefined)?.name);
      }),
      { numRuns: 60 },
    );
  });

  it('accepts what it gave back, and gives the same again', async () => {
    await fc.assert(
      fc.asyncProperty(projectArbitrary, async (documents) => {
        const first = await load(toYaml(documents));
        const filled = first.clusters.map(({ name, spec }) => ({
          apiVersion: 'slipway.dev/v1alpha1',
          kind: 'Cluster',
          metadata: { name },
          spec,
        }));
        const second = await load(toYaml(filled));
        expect(second.clusters.map(({ spec }) => spec)).toEqual(first.clusters.map(({ spec }) => spec));
      }),
      { numRuns: 25 },
    );
  });

  it('refuses a misspelt key where it stands', async () => {
    await fc.assert(
      fc.asyncProperty(projectArbitrary, fc.nat(), fc.constantFrom('x', '-'), async (documents, pick, suffix) => {
        const text = toYaml(documents);
        const { broken, line, col } = misspell(text, pick, suffix);
        const error = await loadError(broken);
        expect(error).toBeInstanceOf(SlipwayErrors);
        const found = (error as SlipwayErrors).errors;
        expect(found.map(({ at }) => `${at?.line}:${at?.col}`)).toContain(`${line}:${col}`);
      }),
      { numRuns: 60 },
    );
  });

  it('never throws anything but SlipwayErrors with positions, whatever is cut, doubled or put in', async () => {
    const edit = fc.tuple(
      fc.nat(),
      fc.nat(40),
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 4 }),
        fc.constantFrom('\t', ': ', '- ', '[', '}', '&a ', '*a', '!!', '|', '---\n', '<<: ', '"', '{env: X}', '? '),
      ),
    );
    await fc.assert(
      fc.asyncProperty(projectArbitrary, fc.array(edit, { minLength: 1, maxLength: 4 }), async (documents, edits) => {
        let text = toYaml(documents);
        for (const [at, length, insert] of edits) text = text.slice(0, at % text.length) + insert + text.slice((at % text.length) + length);
        expectOrderly(await loadError(text));
      }),
      { numRuns: 80 },
    );
  }, 90_000);

  it('never throws anything but SlipwayErrors for random bytes and text', async () => {
    const yamlish = fc
      .array(
        fc.constantFrom(
          'a',
          'b: ',
          '- ',
          '\n',
          '  ',
          '[',
          ']',
          '{',
          '}',
          ',',
          '&x ',
          '*x',
          '!t ',
          '|',
          '>',
          "'",
          '"',
          '#',
          '?',
          '%',
          '---',
          '...',
          '\t',
          ' 1',
          '<<',
        ),
        { maxLength: 60 },
      )
      .map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: 'binary', maxLength: 200 }), yamlish),
        async (data) => {
          expectOrderly(await loadError(data));
        },
      ),
      { numRuns: 300 },
    );
  });
});

function expectOrderly(error: unknown): void {
  if (error === undefined) return;
  if (!(error instanceof SlipwayErrors)) throw error;
  expect(error.errors.length).toBeGreaterThan(0);
  for (const { at, code } of error.errors) {
    expect(code).toMatch(/^SLW-CFG-/);
    expect(at?.line).toBeGreaterThan(0);
    expect(at?.col).toBeGreaterThan(0);
  }
}

/** Lengthens one key of the schema's in block style; names that a user chooses are left out. */
function misspell(text: string, pick: number, suffix: string) {
  const keys = [
    ...text.matchAll(
      /^( *(?:- )*)(metadata|spec|provisioner|local|existing|kubeconfig|gitops|repositories|git|oci|url|kustomizations|path|dependsOn|postBuild|decryption|sops|age|capi|infrastructure|managementCluster|workers|bootstrapCluster|hooks|site)(?=:(?: |$))/gm,
    ),
  ];
  const key = keys[pick % keys.length];
  if (!key) throw new Error('no key found');
  const [, indent = '', word = ''] = key;
  const end = key.index + indent.length + word.length;
  return {
    broken: text.slice(0, end) + suffix + text.slice(end),
    line: text.slice(0, key.index).split('\n').length,
    col: indent.length + 1,
  };
}
