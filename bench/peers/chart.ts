import type { Summary } from './report.ts';

export interface ChartResults {
  date: string;
  machine: { cpu: string; cores: number; kernel: string };
  cases: readonly { name: string; title: string; servers: readonly Summary[] }[];
}

const WIDTH = 1040;
const MARGIN = 28;
const GUTTER = 40;
const COLUMN = (WIDTH - 2 * MARGIN - GUTTER) / 2;
/** Of a column: names to the left of the bars, figures to the right of the longest. */
const NAMES = 104;
const FIGURES = 172;
const BARS = COLUMN - NAMES - FIGURES;
/** Where the figures end, counted from the longest bar. */
const ENDS = [62, 130, FIGURES];
const ROW = 22;
const BAR = 14;
const HEADING = 34;
const GAP = 20;
const TOP = 96;
/** Multiples of lb beyond which a bar is cut, so that one slow server does not flatten all others. */
const WIDEST = 4;

/** Colours of both themes, and the few sizes of text. */
const STYLE = `
  svg { --ground: #ffffff; --ink: #1b1f24; --soft: #59636e; --lb: #0a66d6; --peer: #a9b4c0; }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #0d1117; --ink: #f0f6fc; --soft: #9198a1; --lb: #4493f8; --peer: #59636e; }
  }
  text { font: 13px system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif; fill: var(--ink); }
  .title { font-size: 20px; font-weight: 650; }
  .case { font-size: 14px; font-weight: 600; }
  .soft { fill: var(--soft); }
  .own { font-weight: 650; }
  .end { text-anchor: end; font-variant-numeric: tabular-nums; }
`;

type Group = ChartResults['cases'][number];

/** Bars of CPU per request as multiples of lb's: a group for each case, in two columns, for a light and a dark page. */
export function chart({ date, machine, cases }: ChartResults): string {
  const groups = cases.map(comparable).filter(({ servers }) => servers.length > 1);
  const [left, right] = columns(groups);
  const height = TOP + Math.max(heightOf(left), heightOf(right)) + 12;
  const about = `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, ${date.slice(0, 10)}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="t">
<title id="t">CPU time per request of lb and its peers</title>
<style>${STYLE}</style>
<rect width="100%" height="100%" fill="var(--ground)"/>
${text(MARGIN, 38, 'CPU time per request, lb = 1', 'title')}
${text(MARGIN, 60, 'Shorter is cheaper. Figures: multiple of lb, microseconds per request, noise (half the range over the rounds).', 'soft')}
${text(MARGIN, 79, about, 'soft')}
${drawColumn(left, MARGIN)}
${drawColumn(right, MARGIN + COLUMN + GUTTER)}
</svg>
`;
}

/** The case in a reader's words. */
export function titleOf({ name, title }: Pick<Group, 'name' | 'title'>): string {
  return TITLES[name] ?? title;
}

const TITLES: Readonly<Record<string, string>> = {
  'miss-1k': '1 KB misses',
  'revalidate-1k': '1 KB revalidations',
  'not-modified-1k': '304 Not Modified',
  'range-64k': '1 KB range of 64 KB',
  'variant-gzip': 'gzip variant of 32 KB',
  'h2-1k': '1 KB hits over HTTP/2',
  'limited-1k': '1 KB hits, rate limits on',
  'waf-1k': '1 KB hits, WAF on (nginx: ModSecurity)',
  'threads-1k': '1 KB hits, two threads',
  zipf: 'Zipf mix, cache of a tenth',
  'hit-1k-browser': "1 KB hits, a browser's headers",
  'disk-64k': '64 KB hits from disk',
  'disk-1m': '1 MB hits from disk',
  'disk-16m': '16 MB hits from disk',
};

/** Servers beside lb, save lb's own variants; the cheapest first. */
function comparable(group: Group): Group {
  const servers = group.servers
    .filter(({ cpuToLb }) => cpuToLb !== undefined)
    .toSorted((a, b) => a.cpuMicrosPerRequest - b.cpuMicrosPerRequest);
  return { ...group, servers };
}

/** Two columns of about the same height, in the order of the report. */
function columns(groups: readonly Group[]): [Group[], Group[]] {
  const half = heightOf(groups) / 2;
  let sum = 0;
  const at = groups.findIndex((group) => {
    sum += groupHeight(group);
    return sum >= half;
  });
  return [groups.slice(0, at + 1), groups.slice(at + 1)];
}

function groupHeight({ servers }: Group): number {
  return HEADING + servers.length * ROW + GAP;
}

function heightOf(groups: readonly Group[]): number {
  return groups.reduce((sum, group) => sum + groupHeight(group), 0);
}

function drawColumn(groups: readonly Group[], x: number): string {
  const parts: string[] = [];
  let y = TOP;
  for (const group of groups) {
    parts.push(drawGroup(group, x, y));
    y += groupHeight(group);
  }
  return parts.join('\n');
}

/** The bars of one case on a scale of its own, so far as the dearest server needs, and a line where lb ends. */
function drawGroup(group: Group, x: number, top: number): string {
  const most = Math.min(WIDEST, Math.max(1.2, ...group.servers.map(({ cpuToLb = 0 }) => cpuToLb)));
  const [from, first] = [x + NAMES, top + HEADING - 6];
  const rows = group.servers.map((summary, row) => drawBar(summary, from, first + row * ROW, BARS / most));
  const one = from + BARS / most;
  const last = first + group.servers.length * ROW;
  const line = `<line x1="${one.toFixed(1)}" y1="${first - 2}" x2="${one.toFixed(1)}" y2="${last - 4}" stroke="var(--ink)" stroke-dasharray="2 3"/>`;
  return [text(x, top + 18, titleOf(group), 'case'), ...rows, line].join('\n');
}

function drawBar(summary: Summary, x: number, y: number, unit: number): string {
  const { server, cpuToLb = 0, cpuMicrosPerRequest: micros, noise } = summary;
  const own = server === 'lb';
  const cut = cpuToLb > WIDEST;
  const width = Math.min(cpuToLb, WIDEST) * unit;
  const figures = [
    `${cpuToLb.toFixed(2)} \u00d7`,
    `${micros.toFixed(micros < 100 ? 1 : 0)} \u00b5s`,
    `\u00b1${Math.round(noise * 100)}%`,
  ];
  const cells = figures.map((cell, at) =>
    text(x + BARS + ENDS[at], y + 11, cell, own ? 'end own' : at > 1 ? 'end soft' : 'end'),
  );
  const bar = `<rect x="${x}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="2" fill="var(--${own ? 'lb' : 'peer'})"/>`;
  return [
    text(x - 8, y + 11, server, own ? 'end own' : 'end soft'),
    bar,
    ...(cut ? [cutMark(x + width - 14, y)] : []),
    ...cells,
  ].join('\n');
}

/** Two slanted strokes through a bar that goes on beyond the chart. */
function cutMark(x: number, y: number): string {
  const stroke = (at: number) => `M${at.toFixed(1)} ${y + BAR + 2}l5 ${-BAR - 4}`;
  return `<path d="${stroke(x)}${stroke(x + 5)}" stroke="var(--ground)" stroke-width="2.5"/>`;
}

function text(x: number, y: number, content: string, kind: string): string {
  const safe = content.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return `<text x="${x.toFixed(1)}" y="${y}" class="${kind}" xml:space="preserve">${safe}</text>`;
}
