/** Names of segments: `seg-00000.lb` and so on. */
export function segmentName(number: number): string {
  return `seg-${String(number).padStart(5, '0')}.lb`;
}

/** The number in the name of a segment; undefined for other names. */
export function segmentNumber(name: string): number | undefined {
  const digits = /^seg-(\d{5,})\.lb$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
