/** Writes every generated page and file anew; `--check` only compares. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const scripts = readdirSync(import.meta.dirname).filter((file) => /^generate-.*\.ts$/.test(file) && !file.endsWith('.test.ts'));
for (const file of scripts.sort()) await import(pathToFileURL(join(import.meta.dirname, file)).href);
