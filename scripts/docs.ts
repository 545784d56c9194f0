/**
 * Writes what is made from the settings table: docs/settings.md and docs/lb.schema.json.
 * With `--check` it writes nothing, and exits with 1 when a file differs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { jsonSchema } from '../src/config/json-schema.ts';
import { settingsPage } from '../src/config/settings-page.ts';

const docs = new URL('../docs/', import.meta.url);
const pages: Record<string, string> = {
  'settings.md': settingsPage(),
  'lb.schema.json': `${JSON.stringify(jsonSchema(), null, 2)}\n`,
};

const check = process.argv.includes('--check');
for (const [name, text] of Object.entries(pages)) {
  const path = fileURLToPath(new URL(name, docs));
  if (!check) writeFileSync(path, text);
  else if (readIfThere(path) !== text) {
    console.error(`docs/${name} is not what the settings table says: run node scripts/docs.ts`);
    process.exitCode = 1;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
