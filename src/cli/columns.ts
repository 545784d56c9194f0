/** Rows in columns, on a terminal and off it. */

import { stripVTControlCharacters, styleText } from 'node:util';

export interface Column {
  readonly title: string;
  /** Numbers stand to the right. */
  readonly right?: boolean;
  /** Takes what the others leave, and is cut where that is too little. */
  readonly fills?: boolean;
}

const GAP = '  ';

/** How much of the least wide columns that fills. */
const LEAST = 12;

/**
 * Lines of a table, the titles first.
 * @param width columns of the terminal; undefined where there is none, and nothing is cut
 */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[], width?: number): string[] {
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...rows.map((row) => lengthOf(row[i]))));
  const filling = columns.findIndex(({ fills }) => fills);
  if (width !== undefined && filling >= 0) {
    const others = widths.reduce((sum, one, i) => sum + GAP.length + (i === filling ? 0 : one), -GAP.length);
    widths[filling] = Math.max(LEAST, Math.min(widths[filling], width - others));
  }
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => padded(cutTo(cell, widths[i]), widths[i], columns[i].right === true))
      .join(GAP)
      .trimEnd();
  return [line(columns.map(({ title }) => title)), ...rows.map(line)];
}

function lengthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}

function padded(text: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - lengthOf(text)));
  return right ? space + text : text + space;
}

function cutTo(text: string, width: number): string {
  return lengthOf(text) <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** What a client sent must not steer the terminal: control characters become `?`. */
export function safeText(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, '?');
}

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan';

/** Colours text, or leaves it as it is. */
export type Painter = (style: Style, text: string) => string;

export function paintIf(color: boolean): Painter {
  return color ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;
}
