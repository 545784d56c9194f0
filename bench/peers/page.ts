import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Summary } from './report.ts';

const DOCS = join(import.meta.dirname, '..', '..', 'docs');
const BEGIN = '<!-- results: begin -->';
const END = '<!-- results: end -->';
const ROW = 16;
const LEFT = 230;
const UNIT = 110;
/** Multiples of lb beyond which a bar is cut. */
const WIDEST = 5;

export interface Results {
  date: string;
  machine: { cpu: string; cores: number; kernel: string };
  cases: readonly { name: string; servers: readonly Summary[] }[];
}

/** Puts the tables of a run into docs/performance.md, between its two marks, and its chart beside it. */
export function writePage(results: Results, tables: string): void {
  const file = join(DOCS, 'performance.md');
  writeFileSync(
    file,
    insert(readFileSync(file, 'utf8'), `![CPU per request](performance.svg)\n\n\`\`\`\n${tables}\`\`\``),
  );
  writeFileSync(join(DOCS, 'performance.svg'), chart(results));
}

/** The page with other text between its marks. Throws when it has none. */
export function insert(page: string, text: string): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error('docs/performance.md has no marks for the results');
  return `${page.slice(0, from)}${BEGIN}\n\n${text}\n\n${page.slice(to)}`;
}

/** Bars of CPU per request as multiples of lb's, one group for each case. */
export function chart({ date, machine, cases }: Results): string {
  const parts: string[] = [];
  let y = 50;
  for (const { name, servers } of cases) {
    const shown = servers.filter(({ cpuToLb }) => cpuToLb !== undefined);
    if (shown.length === 0) continue;
    parts.push(label(8, y + 12, name, 'bold'));
    for (const { server, cpuToLb = 0, cpuMicrosPerRequest, noise } of shown) {
      const width = Math.min(cpuToLb, WIDEST) * UNIT;
      const colour = server === 'lb' ? '#1f6feb' : '#9aa4b2';
      const figures = `${cpuToLb.toFixed(2)} x, ${cpuMicrosPerRequest.toFixed(1)} us ±${Math.round(noise * 100)}%`;
      parts.push(label(130, y + 12, server));
      parts.push(`<rect x="${LEFT}" y="${y + 2}" width="${width.toFixed(1)}" height="${ROW - 4}" fill="${colour}"/>`);
      parts.push(label(LEFT + width + 6, y + 12, figures));
      y += ROW;
    }
    y += ROW / 2;
  }
  const size = `width="1000" height="${y + 10}" viewBox="0 0 1000 ${y + 10}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="white"/>
${label(8, 20, 'CPU per request as a multiple of lb (shorter is cheaper)', 'bold')}
${label(8, 36, `${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}`)}
${parts.join('\n')}
</svg>
`;
}

function label(x: number, y: number, text: string, weight = 'normal'): string {
  const safe = text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return `<text x="${x.toFixed(1)}" y="${y}" font-weight="${weight}">${safe}</text>`;
}
