const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const IMF_FIXDATE = /^(?:mon|tue|wed|thu|fri|sat|sun), (\d\d) ([a-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) gmt$/i;
const RFC_850 =
  /^(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday), (\d\d)-([a-z]{3})-(\d\d) (\d\d):(\d\d):(\d\d) gmt$/i;
const ASCTIME = /^(?:mon|tue|wed|thu|fri|sat|sun) ([a-z]{3}) (\d\d| \d) (\d\d):(\d\d):(\d\d) (\d{4})$/i;

const MONTH_NUMBER: ReadonlyMap<string, number> = new Map(MONTHS.map((name, month) => [name.toLowerCase(), month]));

/** The date read last: within one second all answers of an origin carry the same. */
let lastFixdate = '';
let lastSeconds = Number.NaN;

/**
 * An HTTP date in any of its three formats (RFC 9110 section 5.6.7), compared without case (RFC 9111 section 4.2).
 *
 * @param nowSeconds decides the century of the two-digit year: never more than 50 years ahead.
 * @returns whole seconds since 1970, or NaN when it is no date; a zone other than GMT is none.
 */
export function parseHttpDate(text: string, nowSeconds: number = Date.now() / 1000): number {
  if (text === lastFixdate) return lastSeconds;
  let match = IMF_FIXDATE.exec(text);
  if (match !== null) {
    lastFixdate = text;
    lastSeconds = toSeconds(Number(match[3]), match[2], match[1], match[4], match[5], match[6]);
    return lastSeconds;
  }
  match = RFC_850.exec(text);
  if (match !== null) return rfc850Seconds(match, nowSeconds);
  match = ASCTIME.exec(text);
  if (match !== null) return toSeconds(Number(match[6]), match[1], match[2], match[3], match[4], match[5]);
  return Number.NaN;
}

function rfc850Seconds(match: RegExpExecArray, nowSeconds: number): number {
  const thisYear = new Date(nowSeconds * 1000).getUTCFullYear();
  const inCentury = thisYear - (thisYear % 100) + Number(match[3]);
  const year = inCentury > thisYear + 50 ? inCentury - 100 : inCentury;
  return toSeconds(year, match[2], match[1], match[4], match[5], match[6]);
}

function toSeconds(year: number, monthName: string, day: string, hour: string, minute: string, second: string): number {
  const month = MONTH_NUMBER.get(monthName.toLowerCase());
  const dayNumber = Number(day);
  if (month === undefined || dayNumber < 1 || dayNumber > daysInMonth(year, month)) return Number.NaN;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return Number.NaN;
  // setUTCFullYear, since Date.UTC takes the years 0 to 99 as 1900 to 1999
  const date = new Date(0);
  date.setUTCFullYear(year, month, dayNumber);
  return date.getTime() / 1000 + Number(hour) * 3600 + Number(minute) * 60 + Number(second);
}

function daysInMonth(year: number, month: number): number {
  if (month === 1) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 3 || month === 5 || month === 8 || month === 10 ? 30 : 31;
}

/** Seconds since 1970 (the fraction is dropped) as an IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function formatHttpDate(seconds: number): string {
  const date = new Date(Math.floor(seconds) * 1000);
  const day = `${DAYS[date.getUTCDay()]}, ${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()]}`;
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return `${day} ${String(date.getUTCFullYear()).padStart(4, '0')} ${time} GMT`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

let cachedSecond = Number.NaN;
let cachedText = '';

/** `formatHttpDate`, with the text of the last second asked for kept: for fields that tell the present. */
export function httpDateAt(seconds: number): string {
  const second = Math.floor(seconds);
  if (second !== cachedSecond) {
    cachedText = formatHttpDate(second);
    cachedSecond = second;
  }
  return cachedText;
}
