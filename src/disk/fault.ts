/** Why a record could not be read. */
export type FaultKind =
  /** The system refused, or the file is not there. */
  | 'io'
  /** Nothing came within the time limit. */
  | 'timeout'
  /** It is not what was written: bytes have changed or are missing. */
  | 'corrupt'
  /** It was replaced or dropped meanwhile: nothing is wrong with the disk. */
  | 'gone';

/** A record that cannot be served: its request goes on as a miss. */
export class DiskFault extends Error {
  readonly kind: FaultKind;
  /** Index of the disk. */
  readonly disk: number;
  readonly segment: number;
  /** This one has made the disk be given up. */
  givenUp = false;

  constructor(kind: FaultKind, disk: number, segment: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'DiskFault';
    this.kind = kind;
    this.disk = disk;
    this.segment = segment;
  }
}
