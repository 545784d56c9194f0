import { CacheKey } from '../cache/cache.ts';
import type { Coder, Recoding } from '../compress/coder.ts';
import type { Fill } from '../fill/fill.ts';
import type { StaleEntry } from '../fill/fill-task.ts';
import type { FlightClient, LocalFlight } from '../fill/flights.ts';
import { requestDirectives } from '../fill/judge.ts';
import type { ClientRequest } from '../fill/origin-request.ts';
import type { StoredMeta, StoredView } from '../fill/stored.ts';
import type { GuardRequest, HeldBytes, HoldTerms, PENDING } from '../guard/addon.ts';
import type { Inspection } from '../guard/inspection.ts';
import type { RequestDirectives } from '../http/cache-control.ts';
import { appendForwardedFor, forwardedAddress } from '../http/forwarded.ts';
import { getHeader, type HeaderList } from '../http/headers.ts';
import { withoutClientClasses } from '../http/keyed-fields.ts';
import { requestId } from '../http/request-id.ts';
import type { HostEntry, Scheme } from '../site/host-table.ts';
import type { KeyPlan } from '../site/key-plan.ts';
import type { CachePolicy } from '../site/plan.ts';
import type { SimpleAnswer } from '../site/rule-compile.ts';
import type { RuleSubject } from '../site/rule-text.ts';
import type { RuleOutcome } from '../site/rules.ts';
import { SLOT } from '../stats/counters.ts';
import type { RequestTrace } from '../tracing/tracer.ts';
import type { Watched } from './client-watch.ts';
import type { RequestContext } from './context.ts';
import { DiskState } from './disk-state.ts';
import { type HeldBody, holdBody } from './held-body.ts';
import type { Outcome, RequestProblem } from './outcome.ts';
import type { PlannedRange } from './parts.ts';
import type { PassedAnswer } from './passed.ts';
import type { BodyPiece } from './pieces.ts';
import type { Protocol, Reply, ReplyEvents, RequestView } from './reply.ts';
import type { SlicedBody } from './sliced.ts';
import { LOOKUP, type Step, WAIT } from './step.ts';

/** One hit in so many is timed; requests that take turns of the event loop all are. */
export const TIMED_EVERY = 16;

/** Bytes between a client and an origin that nobody looks at. */
export interface OpenTunnel {
  /** Bytes for the client so far. */
  readonly sent: number;
  /** Ends both sides in order, as far as their protocol has one. */
  close(reason: string): void;
}

/** The state of one request. Used again for another one when the request is over. */
export class Exchange implements FlightClient, GuardRequest, ReplyEvents, RuleSubject, Watched {
  readonly context: RequestContext;
  request!: RequestView;
  reply!: Reply;

  scheme: Scheme = 'http';
  protocol: Protocol = '1.1';
  method = '';
  path = '';
  query = '';
  /** Path and query: as sent, or as the configuration of the cache key makes them. */
  target = '';
  hostField = '';
  address = '';
  /** What trusted proxies say of the client, with the connection's own address; '' where that is no trusted proxy. */
  #forwardedFor = '';
  requestId = '';
  headers: HeaderList | null = null;
  /** Bytes of the request body, 0 for none, -1 where only its end tells. */
  contentLength = 0;
  /** Set by `route`. */
  host!: HostEntry;
  line: number;

  readonly key = new CacheKey();
  /** What the configuration adds to the key, '' for nothing; the key's variant begins with it. */
  keyParts = '';
  /** The configuration has made key and fields what they are. */
  isPlanned = false;
  readonly disk = new DiskState();
  /** Set by `fill` where a part is wanted, or parts are stored. */
  range: PlannedRange | undefined;
  /** The origin answers requests for parts by all. */
  wantsAll = false;
  policy: CachePolicy | undefined;
  /** What the site's rules make of it; undefined where it has none. */
  rules: RuleOutcome | undefined;
  /** The answer of a rule. */
  answer: SimpleAnswer | undefined;
  /** The client's path, where a rule has put another one into `path`, '' elsewhere. */
  askedPath = '';
  /** What tells this request apart beside its target; from then on `headers` are what the origin may see. */
  keyPlan: KeyPlan | undefined;
  /** The whole body of a request that has it in its key. */
  body: Buffer | undefined;
  directives: RequestDirectives | undefined;
  /** The request body, where an addon has asked for it. */
  held: HeldBody | undefined;
  /** Which addon is asked next. */
  guardAt = 0;
  inspection: Inspection | undefined;
  isTrustedClient = false;
  quota: GuardRequest['quota'] = undefined;
  note = 0;
  /** What the limits on origin fetches say is known. */
  isOriginCounted = false;
  /** Rows of `Holds` that this request counts in. */
  rows: number[] | undefined;
  /** All header lines have been read and checked. */
  admitted = false;
  /** GET or HEAD without a body: the cache may answer. */
  retrieval = false;
  /** Not to be collapsed or stored: goes to the origin on its own. */
  bypass = false;
  /** The entry was confirmed by the origin for this request, however stale it is. */
  validated = false;
  attempts = 0;
  marker: StoredMeta | undefined;
  stale: StaleEntry | undefined;
  flight: LocalFlight | undefined;
  fill: Fill | undefined;
  passed: PassedAnswer | undefined;
  /** Takes over where the flight's entry ends: the answer outgrew the cache. */
  rest: PassedAnswer | undefined;
  /** The newest purge before the origin was asked, where its links may be hints for others; -1 elsewhere. */
  hintsSince = -1;
  /** The connection carries another protocol. */
  tunnel: OpenTunnel | undefined;
  problem: RequestProblem | undefined;
  /** The origin failed: a stale response may do, or else this is said. */
  failure: RequestProblem | undefined;
  /** The origin takes longer than a stale response should wait. */
  late = false;
  deadline: NodeJS.Timeout | undefined;

  /** Cache time of the last look-up. */
  now = 0;
  /** The entry that the answer comes from, 0 for none. */
  entry = 0;
  /** Long pin on it, -1 where the transient pin or the flight's holds it. */
  handle = -1;
  view: StoredView | undefined;
  cacheStatus = '';
  /** Lines of the answer for this client alone, behind those that are stored. */
  ownLines = '';
  outcome: Outcome = 'none';
  status = 0;
  headSent = false;
  /** Sends the head, once there is something of the body. */
  laterHead: (() => void) | undefined;
  /** The socket takes no more for now. */
  blocked = false;
  #watched = false;
  #hasTunnel = false;
  #onTunnelOver: (() => void) | undefined;
  /** What is to be done with the body, and what does it once that has begun. */
  recoding: Recoding | undefined;
  coder: Coder | undefined;
  /** The response that goes out as a dictionary for later ones. */
  dictionary: StoredView | undefined;
  bodyFrom = 0;
  /** Of a body that is put together; else it is the entry's from `bodyFrom` on. */
  pieces: readonly BodyPiece[] | undefined;
  /** Where the entry's body is stored in slices. */
  sliced: SlicedBody | undefined;
  /** Bytes that the response body has, -1 while unknown. */
  bodyTotal = 0;

  /** performance.now() at the start, 0 where this request is not timed. */
  started = 0;
  /** Where it is traced. */
  trace: RequestTrace | undefined;
  /** A record of it is wanted. */
  isLogged = false;
  /** Its time stands for those of `TIMED_EVERY` hits. */
  sampled = false;
  detached = false;
  aborted = false;
  /** A step is under way, and the step that was asked for meanwhile. */
  running = false;
  next: Step = WAIT;

  /** As sent, where the origin does not get them all. */
  #cookies: string | undefined;

  readonly #machine: ExchangeMachine;

  constructor(context: RequestContext, machine: ExchangeMachine) {
    this.context = context;
    this.line = context.unrouted;
    this.#machine = machine;
  }

  headerLines(): Readonly<HeaderList> {
    return this.headers ?? this.readHeaders();
  }

  holdBody(terms: HoldTerms): HeldBytes | typeof PENDING {
    return holdBody(this, terms);
  }

  keepRow(row: number): void {
    this.rows ??= [];
    this.rows.push(row);
  }

  /** The request no longer counts as one that is under way. */
  releaseRows(): void {
    const { limits } = this.context;
    for (const row of this.rows ?? []) limits?.holds.release(row);
    this.rows = undefined;
  }

  /** Goes on with a step after WAIT. */
  proceed(step: Step): void {
    this.#machine.run(this, step);
  }

  /** A connection for another protocol is to be opened; it counts until the request is over. */
  countTunnel(onOver: () => void): void {
    this.#hasTunnel = true;
    this.#onTunnelOver = onOver;
    this.context.counters.add(this.line, SLOT.tunnels, 1);
  }

  /** The switch is made: the request lasts as long as the tunnel, which is closed when the thread ends. */
  enterTunnel(tunnel: OpenTunnel): void {
    this.tunnel = tunnel;
    this.#machine.tunnels.add(tunnel);
  }

  attempt(work: () => void): void {
    this.#machine.attempt(this, work);
  }

  onFlight(): void {
    this.#machine.onFlight(this);
  }

  onWritable(): void {
    this.#machine.onWritable(this);
  }

  onAborted(): void {
    this.#machine.onAborted(this);
  }

  /** The socket takes no more for now. From here on the client must take its response in good time. */
  block(): void {
    this.blocked = true;
    if (this.#watched) return;
    this.#watched = true;
    this.context.clients.send(this);
  }

  progress(): number {
    return this.reply.offset;
  }

  isWaiting(): boolean {
    return this.blocked;
  }

  tooSlow(): void {
    this.reply.destroy();
    this.#machine.onAborted(this);
  }

  /** The answer is chosen, whether or not anything of it has left. */
  get begun(): boolean {
    return this.headSent || this.laterHead !== undefined;
  }

  /** A request field, also after the transport has let go of the request; '' where absent. */
  field(name: string): string {
    return this.headers === null ? this.request.header(name) : (getHeader(this.headers, name) ?? '');
  }

  /** The request for those who outlive the client. All headers must have been read. */
  clientRequest(): ClientRequest {
    return {
      method: this.method,
      path: this.path,
      target: this.target,
      headers: this.headers ?? [],
      host: this.host,
      scheme: this.scheme,
      address: this.address,
      forwardedFor: this.#forwardedFor || this.address,
      requestId: this.requestId,
      instance: this.context.instance,
      trace: this.trace,
      cause: this.trace,
      policy: this.policyOf(),
      body: this.body,
      cookies: this.#cookies,
      edits: this.rules?.request,
      inspect: this.host.plan.guard?.inspectorOf(this),
    };
  }

  /** The URI that the origin is asked for. */
  uri(): string {
    return `${this.scheme}://${this.host.authority}${this.target}`;
  }

  /** Nothing more is to be read from the connection. In HTTP/2 every stream is framed by itself, and the others go on. */
  endConnection(): void {
    if (this.protocol !== '2') this.reply.closeAfter = true;
  }

  /** The path that the client asked for. */
  clientPath(): string {
    return this.askedPath === '' ? this.path : this.askedPath;
  }

  /** What the configuration says about the request's path. */
  policyOf(): CachePolicy {
    this.policy ??= this.host.plan.policyFor(this.path);
    return this.policy;
  }

  /** Whether the configuration lets clients of this path have a say. */
  mayDirect(): boolean {
    return !this.host.plan.simple && this.policyOf().clientDirectives;
  }

  /** The client's Cache-Control and Pragma, where the configuration lets clients have a say. */
  clientDirectives(): RequestDirectives | undefined {
    if (!this.mayDirect()) return undefined;
    this.directives ??= requestDirectives(this.headers ?? this.readHeaders());
    return this.directives;
  }

  /** The request counts as the plan has it, and the origin sees no more of it. */
  applyKeyPlan(plan: KeyPlan): void {
    this.keyPlan = plan;
    if (this.headers !== null) this.#keepCookies(this.headers);
    if (this.headers !== null) this.headers = plan.forward(this.headers, this.clientAddress());
  }

  clientAddress(): string {
    if (this.address === '') this.#findAddress(this.headers);
    return this.address;
  }

  /** @param known header lines, where they have been read */
  #findAddress(known: HeaderList | null): void {
    const peer = this.request.address();
    const { isTrusted } = this.context;
    if (isTrusted?.(peer) !== true) {
      this.address = peer;
      return;
    }
    const headers = known ?? this.request.headers();
    this.address = forwardedAddress(headers, peer, isTrusted);
    this.#forwardedFor = appendForwardedFor(headers, peer);
  }

  /** Names the request in logs and to the origin. */
  ownId(): string {
    if (this.headers === null) this.readHeaders();
    return this.requestId;
  }

  /** Looks for a stale response once the origin has taken `delay` ms. */
  startDeadline(delay: number): void {
    this.deadline ??= setTimeout(() => {
      if (this.flight === undefined || this.begun || this.late) return;
      this.late = true;
      this.letFillGoOn();
      this.leaveFlight();
      this.#machine.run(this, LOOKUP);
    }, delay);
  }

  /** The fill that this request leads goes on without it, unless there are too many such already. */
  letFillGoOn(): void {
    const { fill, context, host } = this;
    if (fill === undefined || !context.background.take(host.plan.index)) return;
    fill.leader = undefined;
    fill.ended = () => context.background.give(host.plan.index);
    this.fill = undefined;
  }

  /** Keeps the request's data and hears of the connection, since the answer comes later. */
  detach(): void {
    if (this.detached) return;
    this.detached = true;
    if (this.started === 0) this.started = performance.now();
    if (this.isLogged && this.headers === null) this.readHeaders();
    this.reply.detach(this);
  }

  /** Reads what the transport will let go of. */
  readHeaders(): HeaderList {
    const headers = withoutClientClasses(this.request.headers());
    if (this.address === '') this.#findAddress(headers);
    if (this.keyPlan !== undefined) this.#keepCookies(headers);
    this.headers = this.keyPlan?.forward(headers, this.address) ?? headers;
    this.requestId = requestId(getHeader(this.headers, 'x-request-id'));
    return this.headers;
  }

  /** One of the cookies may name the client's origin, which does not depend on what the key has of them. */
  #keepCookies(headers: HeaderList): void {
    if (this.host.plan.config.balance.stickyCookie !== undefined) this.#cookies = getHeader(headers, 'cookie');
  }

  /** Ends the interest in the flight, if there is one. */
  leaveFlight(): void {
    const { fill, flight } = this;
    this.fill = undefined;
    this.flight = undefined;
    if (flight !== undefined) this.context.flights.leave(flight, this);
    if (fill?.leader !== undefined) fill.leave();
  }

  /** Drops all pins. */
  releasePins(): void {
    if (this.deadline !== undefined) clearTimeout(this.deadline);
    if (this.#watched) this.context.clients.forget(this);
    this.#watched = false;
    if (this.#hasTunnel) this.#leaveTunnel();
    if (this.coder !== undefined) this.endCoder();
    this.leaveFlight();
    this.disk.release();
    this.sliced?.release();
    if (this.handle >= 0) this.context.cache.drop(this.handle);
    this.handle = -1;
    this.releaseStale();
  }

  /** Gives up what codes the body, or lets go of it once it has. */
  endCoder(): void {
    const { coder, line, context } = this;
    if (coder === undefined) return;
    this.coder = undefined;
    coder.destroy();
    context.counters.add(line, SLOT.recoding, -1);
    context.counters.add(line, SLOT.recodedBytes, coder.taken);
    context.counters.add(line, SLOT.recodedBytes + 1, coder.given);
  }

  #leaveTunnel(): void {
    this.#hasTunnel = false;
    this.#onTunnelOver?.();
    this.#onTunnelOver = undefined;
    this.context.counters.add(this.line, SLOT.tunnels, -1);
    if (this.tunnel !== undefined) this.#machine.tunnels.delete(this.tunnel);
  }

  /** Gives up an answer from a disk of which nothing has left. */
  dropDiskBody(): void {
    this.disk.release();
    this.laterHead = this.view = this.pieces = undefined;
    this.status = this.bodyFrom = this.bodyTotal = 0;
    this.cacheStatus = '';
    this.outcome = 'none';
  }

  /** Gives up an answer in slices of which nothing has left. */
  dropSliced(): void {
    this.sliced?.release();
    this.sliced = this.laterHead = this.view = this.pieces = undefined;
    if (this.handle >= 0) this.context.cache.drop(this.handle);
    this.handle = -1;
    this.entry = this.status = this.bodyFrom = this.bodyTotal = 0;
    this.cacheStatus = this.ownLines = '';
    this.outcome = 'none';
    this.validated = false;
  }

  releaseStale(): void {
    if (this.stale !== undefined) this.context.cache.drop(this.stale.handle);
    this.stale = undefined;
  }

  /** Makes the exchange ready for another request. */
  reset(): void {
    this.line = this.context.unrouted;
    this.headers = null;
    this.contentLength = 0;
    this.admitted = this.retrieval = this.bypass = this.validated = false;
    this.held = undefined;
    this.guardAt = this.note = 0;
    this.inspection = this.quota = undefined;
    this.isTrustedClient = this.isOriginCounted = false;
    this.attempts = 0;
    this.hintsSince = -1;
    this.keyParts = '';
    this.isPlanned = false;
    this.disk.reset();
    this.keyPlan = this.body = this.#cookies = undefined;
    this.rules = this.answer = undefined;
    this.askedPath = '';
    this.range = this.policy = this.directives = this.failure = this.deadline = undefined;
    this.late = this.wantsAll = false;
    this.marker = this.passed = this.rest = this.problem = this.view = this.tunnel = undefined;
    this.hostField = this.address = this.#forwardedFor = this.requestId = '';
    this.entry = 0;
    this.cacheStatus = this.ownLines = '';
    this.outcome = 'none';
    this.status = 0;
    this.headSent = this.blocked = this.detached = this.aborted = false;
    this.bodyFrom = this.bodyTotal = 0;
    this.pieces = this.sliced = this.laterHead = this.recoding = this.dictionary = undefined;
    this.started = 0;
    this.next = WAIT;
  }
}

/** What the pipeline does on behalf of an exchange, handed in so that an exchange knows no step. */
export interface ExchangeMachine {
  readonly tunnels: Set<OpenTunnel>;
  run(exchange: Exchange, step: Step): void;
  onFlight(exchange: Exchange): void;
  onWritable(exchange: Exchange): void;
  onAborted(exchange: Exchange): void;
  /** Does work outside any step; what it throws ends the request as a bug. */
  attempt(exchange: Exchange, work: () => void): void;
}
