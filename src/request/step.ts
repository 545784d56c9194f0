/** The steps of a request in call order; a step returns the one that comes next. */
export const RECEIVE = 0;
export const ROUTE = 1;
export const GUARD = 2;
export const LOOKUP = 3;
export const FILL = 4;
export const RESPOND = 5;
export const FINISH = 6;
/** The step goes on later by `exchange.proceed`. */
export const WAIT = 7;
/** The request is over; its exchange may be used for another one. */
export const OVER = 8;

export type Step =
  | typeof RECEIVE
  | typeof ROUTE
  | typeof GUARD
  | typeof LOOKUP
  | typeof FILL
  | typeof RESPOND
  | typeof FINISH
  | typeof WAIT
  | typeof OVER;
