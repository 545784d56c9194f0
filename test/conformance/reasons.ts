const BROKEN_STALE =
  'No proxy can pass it: the origin breaks the connection, and the test wants an answer with a field that only the origin could have sent. The newer suite has mended it; see the own tests below.';
const SET_COOKIE =
  'Without `cache.store_set_cookie` no response with Set-Cookie is stored: everybody would get the cookie of one.';
const INVALID_LIFETIME = 'An invalid lifetime counts as none at all (RFC 9111 section 4.2.1).';
const TWO_LIFETIMES = 'Of two lifetimes the shorter counts (RFC 9111 section 4.2.1).';
const LACKS_COMMA =
  "The test's date lacks its comma and so is invalid; written right, it counts. See the own tests below.";
const INVALID_DATE = 'An invalid Expires lies in the past (RFC 9111 section 5.3).';
const WARNING = 'Warning is obsolete (RFC 9111 section 5.5).';
const SHORT_HEURISTIC = 'A tenth of it is over before the second request comes, three seconds later.';
const UNQUOTED = 'An entity-tag without quotes is none; lb neither adds nor takes quotes.';
const HEAD_WITHOUT_VALIDATOR =
  'The answer to the HEAD has no ETag or Last-Modified as evidence that it is about what is stored, so what is stored stays as it is. With one it is updated (RFC 9111 section 4.3.5); see the own tests below.';

/** Why lb does not pass a test, or answers a question with no, by the test's id. */
export const REASONS: Readonly<Record<string, string>> = {
  'status-400-fresh':
    'On purpose: a 400 is never stored. It says that the bytes of one sender were malformed; stored, one malformed request would take a page from everybody.',
  'status-400-stale': 'Only counted as not passed because it depends on `status-400-fresh`.',
  'stale-close-must-revalidate': BROKEN_STALE,
  'stale-close-proxy-revalidate': BROKEN_STALE,
  'stale-close-no-cache': BROKEN_STALE,
  'stale-close-s-maxage=2': BROKEN_STALE,
  'conditional-lm-fresh-no-lm':
    'On purpose: the stored response has a Date and no Last-Modified, and the request asks for what changed since 50 minutes before that Date. RFC 9111 section 4.3.2 takes Date for Last-Modified there, so the answer is the page and not 304.',
  'partial-store-partial-complete':
    'On purpose: the first answer has no validator, so nothing that the origin sends later could be joined to it (RFC 9110 section 15.3.7.3); the whole is asked for. With a validator only the gap is fetched; see the own tests below.',
  'vary-normalise-lang-select':
    "On purpose: the choice among languages is the origin's. What it chose for one list of languages is not taken for another list because its Content-Language looks right.",
  'other-date-update':
    "uWebSockets.js writes the Date of sending on every response, and one of lb's own would stand beside it. Age tells how old the response is.",
  'headers-store-Transfer-Encoding':
    'On purpose: the origin sends a transfer coding that does not exist. What its bytes mean is unknown, so lb answers 502 and stores nothing, as Squid, Varnish and Fastly do.',
  'headers-store-Set-Cookie': SET_COOKIE,
  '304-etag-update-response-Set-Cookie': SET_COOKIE,
  'other-set-cookie': SET_COOKIE,
  'freshness-max-age-decimal-zero': INVALID_LIFETIME,
  'freshness-max-age-decimal-five': INVALID_LIFETIME,
  'freshness-max-age-a100': INVALID_LIFETIME,
  'freshness-max-age-100a': INVALID_LIFETIME,
  'freshness-max-age-two-stale-fresh-sameline': TWO_LIFETIMES,
  'freshness-max-age-two-fresh-stale-sameline': TWO_LIFETIMES,
  'freshness-max-age-two-stale-fresh-sepline': TWO_LIFETIMES,
  'freshness-max-age-two-fresh-stale-sepline': TWO_LIFETIMES,
  'freshness-expires-32bit': LACKS_COMMA,
  'freshness-expires-far-future': LACKS_COMMA,
  'freshness-expires-invalid-utc': INVALID_DATE,
  'freshness-expires-invalid-aest': INVALID_DATE,
  'freshness-expires-invalid-2-digit-year': INVALID_DATE,
  'freshness-expires-invalid-no-comma': INVALID_DATE,
  'freshness-expires-invalid-multiple-spaces': INVALID_DATE,
  'freshness-expires-invalid-date-dashes': INVALID_DATE,
  'freshness-expires-invalid-time-periods': INVALID_DATE,
  'freshness-expires-invalid-1-digit-hour': INVALID_DATE,
  'freshness-expires-invalid-multiple-lines': INVALID_DATE,
  'stale-warning-stored': WARNING,
  'stale-warning-become': WARNING,
  'heuristic-delta-5': SHORT_HEURISTIC,
  'heuristic-delta-10': SHORT_HEURISTIC,
  'heuristic-delta-30': SHORT_HEURISTIC,
  'pragma-request-no-cache':
    'With `cache.client_directives`, Pragma stands for `Cache-Control: no-cache` (RFC 9111 section 5.4). By default lb answers yes.',
  'pragma-response-no-cache-heuristic':
    'An origin that sends `Pragma: no-cache` and no Cache-Control wants no caching.',
  'conditional-etag-quoted-respond-unquoted': UNQUOTED,
  'conditional-etag-unquoted-respond-quoted': UNQUOTED,
  'conditional-etag-strong-generate-unquoted': UNQUOTED,
  'conditional-etag-forward-unquoted': UNQUOTED,
  'conditional-etag-forward':
    'What may be stored is asked for without the conditions of the client, so that there is a whole response to store.',
  'ccreq-max-stale-age': 'The response is stale when it arrives and has no validator: it is not stored.',
  'conditional-etag-strong-respond-obs-text':
    "The suite's origin sends the ü of the tag as the two bytes of UTF-8, its client as one byte: these are two tags. lb compares bytes; see the own tests below.",
  'conditional-etag-vary-headers-mismatch':
    'lb does ask with the tag of the variant that it has. But the 304 of the test names neither ETag nor Vary, so nobody knows which variant is right; lb asks once more for the whole, which the test does not allow. With both fields there is one request; see the own tests below.',
  'head-200-freshness-update': HEAD_WITHOUT_VALIDATOR,
  'head-200-update': HEAD_WITHOUT_VALIDATOR,
  'head-200-retain':
    "The answer to a HEAD that went to the origin is the origin's; what is stored is updated and keeps its other fields.",
  'head-410-update': 'Only a 200 to a HEAD updates what is stored (RFC 9111 section 4.3.5).',
  'surrogate-max-age-space-before-equals': 'lb reads it as if the space were not there.',
  'surrogate-remove-header': 'The field is for lb alone and is taken out.',
};
