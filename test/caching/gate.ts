/** Holds back whoever waits until it is opened. */
export class Gate {
  open!: () => void;
  readonly opened: Promise<void> = new Promise((resolve) => {
    this.open = resolve;
  });
}

/** Opens for all when `count` have come. */
export class Meeting {
  readonly #gate = new Gate();
  #missing: number;

  constructor(count: number) {
    this.#missing = count;
  }

  /** Comes, and waits for the others. */
  join(): Promise<void> {
    if (--this.#missing === 0) this.#gate.open();
    return this.#gate.opened;
  }
}
