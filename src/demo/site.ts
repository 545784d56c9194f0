import { setTimeout as wait } from 'node:timers/promises';
import { LOGO } from './logo.ts';
import { accountPage, indexPage, newsPage, slowPage } from './pages.ts';
import { drawPicture } from './picture.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

/** Time that the slow page takes, in ms. */
const SLOW = 2000;

/** Time between two editions of the news, in ms. */
const EDITION = 30_000;

export interface Answer {
  type: string;
  body: string | Buffer;
  cacheControl?: string;
  etag?: string;
}

/** `calls` counts the requests for this path, this one included; `part` is the first group of the route's pattern. */
type Route = readonly [path: RegExp, answer: (calls: number, part: string) => Answer | Promise<Answer>];

/** The sample site, which tells caches something else on each path. */
export class Site {
  readonly #calls = new Map<string, number>();
  readonly #picture = drawPicture();
  readonly #routes: readonly Route[] = [
    [/^\/$/, () => html(indexPage(), shared(60))],
    [/^\/style\.css$/, () => ({ type: 'text/css', body: STYLE, cacheControl: shared(300) })],
    [/^\/app\.js$/, () => ({ type: 'text/javascript', body: SCRIPT, cacheControl: shared(300) })],
    [/^\/hills\.png$/, () => ({ type: 'image/png', body: this.#picture })],
    [/^\/logo\.svg$/, () => ({ type: 'image/svg+xml', body: LOGO })],
    [/^\/api\/products\/(\d{1,4})$/, (calls, id) => product(id, calls)],
    [/^\/news$/, news],
    [/^\/slow$/, slow],
    [/^\/account$/, (calls) => html(accountPage(calls), 'private, no-store')],
  ];

  /** The answer for a path, undefined where there is no such page. */
  async answer(path: string): Promise<Answer | undefined> {
    for (const [pattern, make] of this.#routes) {
      const match = pattern.exec(path);
      if (match) return make(this.#count(path), match[1] ?? '');
    }
    return undefined;
  }

  #count(path: string): number {
    const calls = (this.#calls.get(path) ?? 0) + 1;
    this.#calls.set(path, calls);
    return calls;
  }
}

/** Caches in front of the origin may keep it, browsers ask each time: so that every reload shows what lb does. */
function shared(seconds: number): string {
  return `public, max-age=0, s-maxage=${seconds}`;
}

function html(body: string, cacheControl: string): Answer {
  return { type: 'text/html; charset=utf-8', body, cacheControl };
}

function product(id: string, calls: number): Answer {
  const body = { id: Number(id), name: `Lamp no. ${id}`, price: 19 + (Number(id) % 80), origin_calls: calls };
  return { type: 'application/json', body: `${JSON.stringify(body)}\n` };
}

function news(): Answer {
  const edition = Math.floor(Date.now() / EDITION);
  return { ...html(newsPage(edition), shared(5)), etag: `"edition-${edition}"` };
}

async function slow(calls: number): Promise<Answer> {
  await wait(SLOW);
  return html(slowPage(calls), shared(30));
}
