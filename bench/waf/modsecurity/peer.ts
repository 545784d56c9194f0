/** The program built from transactions.cc: what ModSecurity makes of whole requests. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A request and its response; all text binary. */
export interface Exchange {
  readonly method: string;
  readonly target: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: string;
  readonly response: { readonly status: number; readonly headers: readonly string[]; readonly body: string };
}

/** Rules that matched, in order, with what they say. */
export type Matches = readonly (readonly [id: number, data: string])[];

/** Builds the program into a folder of its own, and removes it after `use`. */
export function withPeer<T>(use: (program: string, folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'lb-modsecurity-'));
  try {
    const program = join(folder, 'transactions');
    execFileSync(process.env.CXX ?? 'g++', [
      '-O1',
      '-o',
      program,
      join(import.meta.dirname, 'transactions.cc'),
      '-lmodsecurity',
    ]);
    return use(program, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param rules a file of SecLang */
export function ask(program: string, rules: string, exchanges: readonly Exchange[]): Matches[] {
  const input = exchanges.map(lineOf).join('');
  const output = execFileSync(program, [rules], { input, maxBuffer: 1 << 30, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = output.toString('latin1').split('\n').slice(0, exchanges.length);
  return lines.map((line) => (line === '' ? [] : line.split('\t').map(matchOf)));
}

function matchOf(text: string): readonly [number, string] {
  const [id, hex] = text.split('=');
  return [Number(id), Buffer.from(hex, 'hex').toString('latin1')];
}

function lineOf({ method, target, headers, body, response }: Exchange): string {
  const fields = [method, target, '1.1', String(headers.length / 2), ...headers, body];
  fields.push(String(response.status), String(response.headers.length / 2), ...response.headers, response.body);
  return `${fields.map((text) => Buffer.from(text, 'latin1').toString('hex') || '-').join(' ')}\n`;
}
