/** Writes docs/reference/config.md and docs/reference/slipway.schema.json from the kinds. `--check` only compares. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { renderConfigReference } from '../src/config/reference-page.ts';
import { projectSchema } from '../src/config/schema.ts';

const root = join(import.meta.dirname, '..');
const pages = {
  'docs/reference/config.md': renderConfigReference(),
  'docs/reference/slipway.schema.json': `${JSON.stringify(projectSchema(), null, 2)}\n`,
};

function current(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

const isCheck = process.argv.includes('--check');
for (const [name, text] of Object.entries(pages)) {
  const path = join(root, name);
  if (current(path) === text) continue;
  if (isCheck) {
    console.error(`${name} is not what src/config/kinds says: run node scripts/generate-config-reference.ts`);
    process.exitCode = 1;
    continue;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(`wrote ${name}`);
}
