import { type Arena, H_LOCK } from './layout.ts';

/**
 * The one mutation lock. The word is 0 or (owner + 1), with CONTENDED set when someone may sleep on it, so that
 * releasing an uncontended lock makes no system call (Drepper, "Futexes are tricky", mutex 2). The owner stands in the
 * word so that the lock of a dead worker can be taken over.
 *
 * A critical section has no `finally`: an exception inside one is a bug, the lock then stays held, and the worker's
 * death leads to a rebuild, where releasing would publish half-changed state.
 */
const CONTENDED = 0x100;
const SPINS = 200;
/** Main never sleeps for ever: it alone can recover a dead owner, and does so from its event loop. */
const MAIN_PATIENCE_MS = 500;

export function acquire(a: Arena): void {
  if (Atomics.compareExchange(a.words, H_LOCK, 0, a.worker + 1) === 0) return;
  if (!acquireWithin(a, a.worker === 0 ? MAIN_PATIENCE_MS : Number.POSITIVE_INFINITY)) {
    throw new Error('cache lock: the owner does not release it');
  }
}

/** False when the lock could not be had within `ms`. */
export function acquireWithin(a: Arena, ms: number): boolean {
  const words = a.words;
  const mine = a.worker + 1;
  for (let spin = 0; spin < SPINS; spin++) {
    // A plain read keeps the line shared while spinning; only the exchange needs it exclusively.
    if (words[H_LOCK] === 0 && Atomics.compareExchange(words, H_LOCK, 0, mine) === 0) return true;
  }
  const deadline = performance.now() + ms;
  for (;;) {
    const seen = Atomics.load(words, H_LOCK);
    if ((seen & ~CONTENDED) === mine) throw new Error('cache lock: taken twice by one thread');
    if (seen === 0) {
      // Others may sleep too: keep the mark, so that our release wakes the next one.
      if (Atomics.compareExchange(words, H_LOCK, 0, mine | CONTENDED) === 0) return true;
      continue;
    }
    const left = deadline - performance.now();
    if (left <= 0) return false;
    // Mark before sleeping: a release that comes between finds the mark, or wait() finds the word changed.
    const marked = seen | CONTENDED;
    if (seen !== marked && Atomics.compareExchange(words, H_LOCK, seen, marked) !== seen) continue;
    Atomics.wait(words, H_LOCK, marked, left);
  }
}

export function release(a: Arena): void {
  // Exchange: everything written inside becomes visible before the lock is seen free.
  if ((Atomics.exchange(a.words, H_LOCK, 0) & CONTENDED) !== 0) Atomics.notify(a.words, H_LOCK, 1);
}

/** Takes the lock from a dead worker; false when it did not hold it. */
export function takeOver(a: Arena, dead: number): boolean {
  for (;;) {
    const seen = Atomics.load(a.words, H_LOCK);
    if ((seen & ~CONTENDED) !== dead + 1) return false;
    // Whoever slept stays asleep until our release: keep the mark.
    if (Atomics.compareExchange(a.words, H_LOCK, seen, (a.worker + 1) | CONTENDED) === seen) return true;
  }
}
