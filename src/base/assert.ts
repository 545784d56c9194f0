/** Throws when an invariant of the program itself is broken: always a bug, never an input error. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${message}`);
}
