// What a record of the ring becomes for whoever reads it: the members of a line of the access log.
import { botOfNote, countryOfNote } from '../base/guard-note.ts';
import { type AccessRecord, CACHE_RESULTS, WAF_RESULTS } from './log-ring.ts';

/** Fields that configuration may leave out of every line. */
export const REDACTABLE = ['client_ip', 'host', 'path', 'user_agent', 'request_id'] as const;
type RedactableField = (typeof REDACTABLE)[number];

/** An answered request as it is logged; what is empty or redacted is undefined, and JSON leaves it out. */
export interface AccessLine {
  /** ISO 8601, UTC: when the request arrived. */
  readonly time: string;
  readonly event: 'access';
  readonly request_id: string | undefined;
  readonly site: string | undefined;
  readonly client_ip: string | undefined;
  readonly method: string;
  readonly host: string | undefined;
  readonly path: string | undefined;
  readonly status: number;
  /** Body bytes sent. */
  readonly bytes: number;
  readonly duration_ms: number;
  /** One of `CACHE_RESULTS`. */
  readonly cache: string;
  /** One of `WAF_RESULTS`, where rules have fired. */
  readonly waf: string | undefined;
  /** Of the client, two letters, where the site asks for it. */
  readonly country: string | undefined;
  /** Class of the client by `addons.bots`, and its score. */
  readonly bot: string | undefined;
  readonly bot_score: number | undefined;
  readonly user_agent: string | undefined;
  /** Share of requests that there are lines of, where that is below 1. */
  readonly sample: number | undefined;
}

export interface LineTerms {
  /** Name of a site by index. */
  readonly siteName: (index: number) => string;
  /** Fields to leave out: any of `REDACTABLE`. */
  readonly redact?: readonly string[];
}

/**
 * Makes the function that turns records into lines.
 * @throws RangeError when `redact` names a field that does not exist
 */
export function lineMaker({ siteName, redact }: LineTerms): (record: AccessRecord, sample?: number) => AccessLine {
  const redacted = new Set(redact);
  const unknown = [...redacted].find((name) => !(REDACTABLE as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new RangeError(`log.redact: there is no field "${unknown}"; it may name ${REDACTABLE.join(', ')}`);
  }
  const keep = (field: RedactableField, value: string) => (value === '' || redacted.has(field) ? undefined : value);
  return (record, sample) => {
    const bot = botOfNote(record.note);
    return {
      time: new Date(record.time).toISOString(),
      event: 'access',
      request_id: keep('request_id', record.requestId),
      site: siteName(record.site) || undefined,
      client_ip: keep('client_ip', record.client),
      method: record.method,
      host: keep('host', record.host),
      path: keep('path', record.path),
      status: record.status,
      bytes: record.bytes,
      duration_ms: Math.round(record.duration * 1000) / 1000,
      cache: CACHE_RESULTS[record.cache],
      waf: record.waf === 0 ? undefined : WAF_RESULTS[record.waf],
      country: countryOfNote(record.note) || undefined,
      bot: bot?.botClass,
      bot_score: bot?.score,
      user_agent: keep('user_agent', record.userAgent),
      sample,
    };
  };
}
