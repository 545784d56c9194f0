/**
 * Does the work of a bench and ends what it has started, whatever becomes of it. A signal that interrupts it ends all the same way.
 *
 * @param end may be called twice
 */
export async function ending<T>(work: () => Promise<T>, end: () => Promise<void>): Promise<T> {
  const interrupt = (): void => void end().finally(() => process.exit(130));
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    return await work();
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    await end();
  }
}
