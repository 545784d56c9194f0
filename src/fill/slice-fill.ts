import { cacheNow } from '../base/clock.ts';
import { BROKEN, DONE, FAILED, type Outcome, RELEASED } from '../cache/cache.ts';
import type { HeaderList } from '../http/headers.ts';
import { errorNumber, type OriginError } from '../origin/origin-error.ts';
import { SLOT } from '../stats/counters.ts';
import type { EdgeContext } from './context.ts';
import { tagHashes } from './entry.ts';
import { Fetch, type FetchSink, type Source } from './fetch.ts';
import { ANSWERED, CHANGED } from './flight-words.ts';
import type { LocalFlight } from './flights.ts';
import { withLifetime } from './immutable.ts';
import { judge } from './judge.ts';
import { type ClientRequest, fillRequest } from './origin-request.ts';
import {
  dropSlice,
  forgetSliced,
  isGone,
  isKnown,
  isOfResource,
  isRangeOf,
  rangeRequest,
  type SlicedResource,
  sliceRange,
} from './slices.ts';
import { encodeMeta } from './stored.ts';

const NO_HEAD = new Uint8Array(0);
const META = encodeMeta({ status: 206, tail: 0 });

/** User words of a slice: whether it may be used is its marker's matter. */
const FOREVER = 0x7fff_ffff;

/** Who takes an answer that nobody wants. */
const NOBODY: FetchSink = { onHead() {}, onData() {}, onEnd() {}, onError() {} };

/**
 * Fills one slice, with or without a client. It goes on to its end whoever leaves: what is fetched is stored. A slice of
 * another representation than its resource's is never stored; the marker goes then.
 */
export class SliceFill implements FetchSink {
  readonly #context: EdgeContext;
  readonly #flight: LocalFlight;
  readonly #client: ClientRequest;
  readonly #resource: SlicedResource;
  readonly #n: number;
  #fetch: Source;
  #isOpen = false;
  /** The origin's answer says nothing against storing it. */
  #isKept = true;

  constructor(context: EdgeContext, flight: LocalFlight, client: ClientRequest, resource: SlicedResource, n: number) {
    this.#context = context;
    this.#flight = flight;
    this.#client = client;
    this.#resource = resource;
    this.#n = n;
    this.#fetch = new Fetch(context, client.host.plan.index, this);
    flight.filling = true;
    context.counters.add(context.lines[client.host.plan.index], SLOT.sliceFetches, 1);
  }

  start(): void {
    const { slices, validator } = this.#resource;
    const client = this.#client;
    const route = this.#context.pools.route(client.host.plan.index, client);
    this.#fetch.start(route, (origin) => {
      const request = fillRequest(client, origin);
      return { ...request, headers: rangeRequest(request.headers, sliceRange(slices, this.#n), validator) };
    });
  }

  /** Takes an answer whose head has come already. */
  adopt(fetch: Source, headers: HeaderList): void {
    this.#fetch = fetch;
    fetch.sink = this;
    this.#open(headers);
  }

  onHead(status: number, headers: HeaderList): void {
    const range = sliceRange(this.#resource.slices, this.#n);
    if (status === 206 && isRangeOf(this.#resource, range, headers)) this.#open(headers);
    else if (isGone(status)) this.#changed(status === 200 && isOfResource(this.#resource, headers));
    else this.#stop(FAILED, ANSWERED + status);
  }

  #open(headers: HeaderList): void {
    const { cache } = this.#context;
    const { start, end } = sliceRange(this.#resource.slices, this.#n);
    const now = Date.now() / 1000;
    const answer = { status: 200, headers, requestTime: this.#fetch.requestTime, responseTime: now };
    this.#isKept = judge(this.#client, withLifetime(this.#client, answer)).storage.storable;
    this.#isOpen = cache.open(this.#flight.id, NO_HEAD, META, end - start + 1, undefined, tagHashes(cache, headers));
    if (!this.#isOpen) this.#stop(RELEASED);
    else this.#context.flights.announce(this.#flight);
  }

  /** @param isWhole the origin sends all in place of a part: it is not asked for parts for a while */
  #changed(isWhole: boolean): void {
    if (isWhole) this.#context.slices.refuse(this.#resource.key, cacheNow());
    forgetSliced(this.#context, this.#resource);
    this.#stop(FAILED, CHANGED);
  }

  onData(chunk: Buffer): void {
    if (this.#context.cache.append(this.#flight.id, chunk)) this.#context.flights.announce(this.#flight);
    else this.#stop(BROKEN);
  }

  onEnd(): void {
    this.#end(DONE, 206);
  }

  onError(error: OriginError): void {
    if (this.#isOpen) this.#end(BROKEN);
    else this.#end(FAILED, errorNumber(error.type));
  }

  #stop(outcome: Outcome, word = 0): void {
    this.#fetch.sink = NOBODY;
    this.#fetch.abort();
    this.#end(outcome, word);
  }

  #end(outcome: Outcome, word = 0): void {
    const { cache, counters, flights, lines } = this.#context;
    const stored = cache.finish(this.#flight.id, outcome, undefined, [FOREVER, cacheNow(), 0, word]);
    flights.announce(this.#flight);
    if (outcome === DONE && stored) {
      if (this.#isKept && isKnown(this.#context, this.#resource)) {
        counters.add(lines[this.#client.host.plan.index], SLOT.cacheStores, 1);
      } else dropSlice(this.#context, this.#resource, this.#n);
    }
    flights.land(this.#flight);
  }
}
