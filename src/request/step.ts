/** The steps of a request in call order; a step returns the one that comes next. */
export const RECEIVE = 0;
export const ROUTE = 1;
export const GUARD = 2;
export const LOOKUP = 3;
export const FILL = 4;
export const RESPOND = 5;
export const FINISH = 6;
/** Where a request waits for a flight, in place of `fill` and until `respond`. */
export const FOLLOW = 7;
/** In place of `lookup` where the client asks for another protocol. */
export const UPGRADE = 8;
/** Behind `lookup` where a disk may have what memory does not. */
export const DISK = 9;
/** The step goes on later by `exchange.proceed`. */
export const WAIT = 10;
/** The request is over; its exchange may be used for another one. */
export const OVER = 11;

export type Step =
  | typeof RECEIVE
  | typeof ROUTE
  | typeof GUARD
  | typeof LOOKUP
  | typeof FILL
  | typeof RESPOND
  | typeof FINISH
  | typeof FOLLOW
  | typeof UPGRADE
  | typeof DISK
  | typeof WAIT
  | typeof OVER;
