import { isToken } from './chars.ts';

/** Methods that a reverse proxy forwards: the registered ones (IANA HTTP Method Registry) but CONNECT and PRI, and two in wide use. */
const FORWARDED: ReadonlySet<string> = new Set(
  (
    'GET HEAD POST PUT DELETE OPTIONS PATCH TRACE QUERY ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY LABEL LINK LOCK ' +
    'MERGE MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE ORDERPATCH PROPFIND PROPPATCH REBIND REPORT SEARCH ' +
    'UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL PURGE M-SEARCH'
  ).split(' '),
);

/** The methods registered as safe (RFC 9110 section 9.2.1): they invalidate nothing. */
const SAFE: ReadonlySet<string> = new Set('GET HEAD OPTIONS TRACE QUERY PROPFIND REPORT SEARCH'.split(' '));

/** What is wrong with a method (case-sensitive): 400 where it is no token, 501 where it is none that is forwarded. */
export function methodStatus(method: string): 0 | 400 | 501 {
  if (FORWARDED.has(method)) return 0;
  return isToken(method) ? 501 : 400;
}

export function isSafeMethod(method: string): boolean {
  return SAFE.has(method);
}
