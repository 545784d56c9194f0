/**
 * Writes the pages that are made from code: docs/settings.md and docs/lb.schema.json from the settings table,
 * docs/admin-api.md from the description of the admin API, and the metrics in docs/operations.md from their table.
 * With `--check` it writes nothing, and exits with 1 when a file differs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { adminApiPage } from '../src/admin/openapi-page.ts';
import { jsonSchema } from '../src/config/json-schema.ts';
import { settingsPage } from '../src/config/settings-page.ts';
import { withMetricsTable } from '../src/stats/metrics-page.ts';

const docs = new URL('../docs/', import.meta.url);
const pages: Record<string, string> = {
  'settings.md': settingsPage(),
  'admin-api.md': adminApiPage(),
  'operations.md': withMetricsTable(readFileSync(new URL('operations.md', docs), 'utf8')),
  'lb.schema.json': `${JSON.stringify(jsonSchema(), null, 2)}\n`,
};

const check = process.argv.includes('--check');
for (const [name, text] of Object.entries(pages)) {
  const path = fileURLToPath(new URL(name, docs));
  if (!check) writeFileSync(path, text);
  else if (readIfThere(path) !== text) {
    console.error(`docs/${name} is not what the code says: run node scripts/docs.ts`);
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
