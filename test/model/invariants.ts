/** What holds of every answer whatever a cache chooses: judged by what the origin has sent, without the reference model. */
import type { Exchange } from './history.ts';
import { classesOf, type Origin } from './origin.ts';
import { joined, type Lines, members, valuesOf } from './reference-fields.ts';
import type { OriginAsk, OriginOutcome } from './reference-origin.ts';
import type { Observed } from './rig.ts';

/** An answer of the origin's, by the serial number that it carries. */
interface Sent {
  exchange: number;
  request: OriginAsk;
  arrived: number;
  status: number;
  lines: Lines;
}

export class Invariants {
  readonly #origin: Origin;
  readonly #force: boolean;
  readonly #sent = new Map<string, Sent>();
  /** When each URL's origin last confirmed something. */
  readonly #confirmed = new Map<string, number>();
  #confirmedIn = -1;

  /** To be told of all that the origin sends. */
  hear(exchange: number, request: OriginAsk, outcome: OriginOutcome): void {
    if (outcome.failure !== undefined) return;
    const { arrived, status, lines } = outcome;
    if (status === 304) {
      this.#confirmed.set(request.target, arrived);
      this.#confirmedIn = exchange;
    }
    const serial = valuesOf(lines, 'x-serial')[0];
    if (serial !== undefined) this.#sent.set(serial, { exchange, request, arrived, status, lines });
  }

  /** @param force the configuration goes over no-store */
  constructor(origin: Origin, force: boolean) {
    this.#origin = origin;
    this.#force = force;
  }

  /** What is wrong with an answer, in words. */
  broken(at: number, exchange: Exchange, request: Lines, now: number, { reply }: Observed): string[] {
    const serial = valuesOf(reply.lines, 'x-serial')[0];
    if (reply.aborted || serial === undefined) return [];
    const sent = this.#sent.get(serial);
    if (sent === undefined) return ['the origin never sent this answer'];
    const found: string[] = [];
    const check = (holds: boolean, otherwise: string) => {
      if (!holds) found.push(`invariant: ${otherwise}`);
    };
    check(sent.request.target === exchange.target, 'the answer is of another URL');
    const isSeveral = /^multipart/.test(valuesOf(reply.lines, 'content-type')[0] ?? '');
    // what a HEAD says may be of any representation with the same validators
    check(
      isSeveral || serial.endsWith('HEAD') || this.#origin.wholeOf(serial).includes(reply.body),
      'the body is not that of the head',
    );
    const isWhole = reply.status === 200 && sent.status === 206;
    check(isWhole || [sent.status, 206, 304, 416].includes(reply.status), 'the status is not that of the head');
    if (sent.exchange === at) return found;
    const names = members(joined(reply.lines, 'vary') ?? '').map((name) => name.toLowerCase());
    check(!names.includes('*'), 'Vary: * was used again');
    // what the origin has just confirmed for this very request is right by its own word
    if (this.#confirmedIn === at) return found;
    const [mine, theirs] = [classesOf(request), classesOf(sent.request.lines)];
    check(
      names.every((name) => mine[name] === theirs[name]),
      'the answer is of another variant',
    );
    const control = (joined(sent.lines, 'cache-control') ?? '').toLowerCase();
    const isGoverned = !/-control/.test(
      sent.lines
        .map(([name]) => name)
        .join(' ')
        .replace('cache-control', ''),
    );
    check(this.#force || !isGoverned || control !== 'no-store', 'no-store was used again');
    const confirmed = Math.max(sent.arrived, this.#confirmed.get(exchange.target) ?? 0);
    check(reply.age >= now - confirmed - 1, 'Age is less than the time since the origin was heard');
    return found;
  }
}
