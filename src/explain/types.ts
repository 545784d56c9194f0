/** What is asked: a request that nobody sends. */
export interface ExplainQuery {
  /** A URL, or a path on the address that lb listens on. */
  readonly url: string;
  readonly method: string;
  /** Fields as `Name: value`. */
  readonly headers: readonly string[];
  /** Text of the body, for methods that are cached by it. */
  readonly body?: string;
}

/** Why there is no explanation; `status` is that of the admin API's answer. */
export interface ExplainProblem {
  readonly problem: string;
  readonly status: 400 | 404;
}

/** What lb would do with a request at this moment, and why. Goes out as JSON. Times in seconds unless they are dates. */
export interface Explanation {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly request: RequestPart;
  readonly decision: Decision;
  readonly site: SitePart;
  /** What the site's `rules` make of the request; null where none is for it. All below is about the request after them. */
  readonly rules: RulesPart | null;
  /** Which countries may ask, and what becomes of the client by its fields; null where the site does not look. */
  readonly countries: CountriesPart | null;
  readonly bots: BotsPart | null;
  /** The rate limits that the request counts for. */
  readonly limits: readonly LimitPart[];
  /** The rule that is for the path; null where none is. */
  readonly rule: RulePart | null;
  readonly policy: readonly PolicyLine[];
  readonly key: KeyPart;
  readonly stored: StoredPart | null;
  /** Null where compression is off for the path. */
  readonly compression: CompressionPart | null;
  readonly freshness: FreshnessPart | null;
  readonly validation: ValidationPart | null;
  readonly purge: PurgePart | null;
  readonly last_answer: LastAnswerPart | null;
}

export interface RequestPart {
  readonly method: string;
  /** Host field. */
  readonly host: string;
  /** As sent. */
  readonly target: string;
  /** Lines as `name: value`. */
  readonly fields: readonly string[];
}

/**
 * `hit`: from the cache; `stale`: from the cache though it is stale; `revalidate`: after the origin has confirmed or
 * replaced what is stored; `miss`: from the origin, for the cache too; `pass`: from the origin for this client alone;
 * `refuse`: an error of lb itself, or the refusal of an addon; `answer`: what a rule or an addon of the site says.
 */
export type Action = 'hit' | 'stale' | 'revalidate' | 'miss' | 'pass' | 'refuse' | 'answer';

export interface Decision {
  readonly action: Action;
  /** Status of the answer, null where the origin says. */
  readonly status: number | null;
  /** Cache-Status of the answer, as far as it is known now. */
  readonly cache_status: string;
  /** In words, the decisive one first. */
  readonly why: readonly string[];
}

export interface SitePart {
  readonly name: string;
  /** How the host led to the site. */
  readonly matched: string;
  readonly origins: readonly string[];
}

export interface RulesPart {
  /** Places of the rules that are for the request, such as `lb.json:5:3`. */
  readonly matched: readonly string[];
  /** Path and query that a rewrite makes, null where there is none. */
  readonly target: string | null;
  /** Changes of fields for the origin and for the client: `- name`, `name: value`, `+ name: value`. */
  readonly request_headers: readonly string[];
  readonly response_headers: readonly string[];
}

/** What `addons.geo` says of the path. */
export interface CountriesPart {
  readonly allow: readonly string[];
  readonly block: readonly string[];
  /** What becomes of countries on neither list. */
  readonly default: 'allow' | 'block';
  /** Of a refusal. */
  readonly status: number;
  /** Place of the terms in the configuration, null for those of the whole site. */
  readonly source: string | null;
}

/** What `addons.bots` makes of the fields of the request. Whether a crawler is what it says depends on its address. */
export interface BotsPart {
  readonly class: string;
  readonly score: number;
  /** What speaks against a browser, such as `no_accept_language`. */
  readonly signals: readonly string[];
  readonly action: string;
  readonly mode: 'enforce' | 'log';
  /** DNS or published networks tell whether it is what it says. */
  readonly is_verified_by_address: boolean;
}

/** A rate limit. What is left of it is not told: it belongs to clients. */
export interface LimitPart {
  readonly name: string;
  /** Place in the configuration. */
  readonly source: string;
  /** In words, such as `100 requests per second, 100 at once`. */
  readonly terms: string;
  /** What it counts by; empty where it counts all requests together. */
  readonly by: readonly string[];
  readonly scope: 'requests' | 'origin';
  readonly mode: 'enforce' | 'log';
}

export interface RulePart {
  readonly name: string;
  /** Where it stands: `lb.json:5:15`, a flag or a variable. */
  readonly source: string;
  readonly match: readonly string[];
  /** The path can be read as another one, which the rule is not for: its lifetimes do not count. */
  readonly doubted: boolean;
  /** What a preset has set, by paths of settings, each of which may be given; and the setting that takes it away. */
  readonly preset: { readonly name: string; readonly settings: readonly string[]; readonly without: string } | null;
}

export interface PolicyLine {
  /** As in lb.json, such as `cache.api.ttl`. */
  readonly setting: string;
  readonly value: unknown;
  /** `lb.json:5:15`, a flag, a variable, or `default`. */
  readonly from: string;
}

export interface KeyPart {
  readonly scheme: string;
  readonly host: string;
  /** Methods that share the key. */
  readonly methods: string;
  /** Path and query as keyed. */
  readonly target: string;
  /** What the configuration adds, such as `header x-tenant: a`, `cookie lang: de`, `device: mobile`, `country: XX`. */
  readonly configured: readonly string[];
  /** Null where the resource is not known to vary. */
  readonly vary: VaryPart | null;
}

export interface VaryPart {
  readonly fields: readonly string[];
  /** By field, normalised; null where the request lacks it. */
  readonly selecting: Readonly<Record<string, string | null>>;
  /** Variants known to have been stored. */
  readonly variants: readonly VariantPart[];
}

export interface VariantPart {
  /** Selecting values as the key has them. */
  readonly selection: string;
  readonly etag: string | null;
  /** Whether its response is still there. */
  readonly stored: boolean;
  /** Whether the request selects it. */
  readonly chosen: boolean;
}

export interface StoredPart {
  readonly status: number;
  /** Of the body, bytes. */
  readonly bytes: number;
  /**
   * Where only parts are stored: which, such as `0-99`, the bytes of the whole, and whether a strong validator lets others
   * be joined with them; else null.
   */
  readonly parts: {
    readonly ranges: readonly string[];
    readonly complete: number;
    readonly joinable: boolean;
  } | null;
  /** Where it is stored in slices: their size, how many there are, and how many of them are in memory; else null. */
  readonly slices: { readonly size: number; readonly count: number; readonly stored: number } | null;
  /** ISO 8601; null where it is not known. */
  readonly arrived: string | null;
  /** Folder of the disk that has it, null where it is in memory. */
  readonly disk: string | null;
  /** Uses noted since eviction last weighed it, counted up to 3; null where eviction is by LRU. */
  readonly uses: number | null;
  /** Fields of the origin that decided, as `name: value`, those that clients do not get among them. */
  readonly fields: readonly string[];
}

/** In which coding the answer goes to the client. */
export interface CompressionPart {
  /** As sent; null where there is none. */
  readonly accept_encoding: string | null;
  /** Coding of what is stored: `identity`, `gzip`, `br`, `zstd`, or `other`; null where nothing is. */
  readonly stored: string | null;
  /** Other codings that are stored beside it. */
  readonly variants: readonly string[];
  /** Coding of the answer; null where the origin says. */
  readonly sent: string | null;
  /** `as stored`, from a stored `variant`, coded `on the way`, or by asking the `origin`; null where nothing is stored. */
  readonly how: 'as stored' | 'variant' | 'on the way' | 'origin' | null;
  readonly why: string;
}

export interface FreshnessPart {
  readonly terms: readonly Term[];
  /** The field whose directives count. */
  readonly governed_by: string;
  readonly fresh: boolean;
  /** Until it is stale; negative since it has been; 0 where each use needs a validation. */
  readonly remaining: number;
  /** Null where each use needs a validation. */
  readonly fresh_until: string | null;
  /** Seconds after that in which it may be used while it is refreshed, and while the origin fails. */
  readonly stale_while_revalidate: number;
  readonly stale_if_error: number;
  /** The request's own directives, where clients have a say and it has any. */
  readonly client_directives: string | null;
}

/** One term of the arithmetic of RFC 9111 sections 4.2.1 and 4.2.3. */
export interface Term {
  readonly name: string;
  /** Seconds; a date where it is one. */
  readonly value: number | string;
  readonly how: string;
}

export interface ValidationPart {
  readonly etag: string | null;
  readonly last_modified: string | null;
  /** Fields of the request to the origin, as `name: value`. */
  readonly request: readonly string[];
}

export interface PurgePart {
  readonly id: string;
  readonly time: string;
  readonly soft: boolean;
  /** What it named, in words. */
  readonly spec: string;
  /** What it did, in words. */
  readonly effect: string;
}

/** An answer that was not stored, or none at all: then `status` is what lb says in its place. */
export interface LastAnswerPart {
  readonly status: number;
  readonly reason: string;
  /** The reason in words. */
  readonly detail: string;
  readonly time: string;
}
