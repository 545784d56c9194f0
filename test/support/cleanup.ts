/** Whatever runs functions when its tests are over, such as the context of a test. */
export interface Cleanup {
  after(run: () => void | Promise<void>): void;
}

/** Longest wait for anything in a scenario, in ms: far above what it takes, far below the runner's time-out. */
const PATIENCE = 10_000;

/** The promise's value. @throws after `ms`, naming what did not happen */
export async function within<T>(promise: Promise<T>, what: string, ms = PATIENCE): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again and again until the answer is true. @throws after `ms`, naming what did not happen */
export async function until(condition: () => boolean | Promise<boolean>, what: string, ms = PATIENCE): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${ms} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
