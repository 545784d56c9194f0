const BROKEN_STALE =
  'No proxy can pass it: the origin breaks the connection, and the test wants an answer with a field that only the origin could have sent. The newer suite has mended it; see the own tests below.';

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
  'headers-store-Transfer-Encoding':
    'On purpose: the origin sends a transfer coding that does not exist. What its bytes mean is unknown, so lb answers 502 and stores nothing, as Squid, Varnish and Fastly do.',
  'headers-store-Set-Cookie':
    'Without `cache.store_set_cookie` no response with Set-Cookie is stored: everybody would get the cookie of one.',
  '304-etag-update-response-Set-Cookie': 'See `headers-store-Set-Cookie`.',
  'other-set-cookie': 'See `headers-store-Set-Cookie`.',
};
