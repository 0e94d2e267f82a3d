/**
 * One budget of bytes for everything that is being received. Bytes are taken before they are held,
 * so twenty bombs at once cost what one may cost. A share is given back as a whole.
 */
export class ByteBudget {
  readonly #total: number;
  #taken = 0;

  constructor(total: number) {
    this.#total = total;
  }

  get taken(): number {
    return this.#taken;
  }

  /** An empty share of this budget. */
  share(): BudgetShare {
    return new BudgetShare(
      (bytes) => {
        if (this.#taken + bytes > this.#total) return false;
        this.#taken += bytes;
        return true;
      },
      (bytes) => {
        this.#taken -= bytes;
      },
    );
  }
}

/** What one request has taken. */
export class BudgetShare {
  readonly #take: (bytes: number) => boolean;
  readonly #give: (bytes: number) => void;
  #held = 0;

  constructor(take: (bytes: number) => boolean, give: (bytes: number) => void) {
    this.#take = take;
    this.#give = give;
  }

  /** Takes more, or nothing and says false. */
  take(bytes: number): boolean {
    if (!this.#take(bytes)) return false;
    this.#held += bytes;
    return true;
  }

  /** Gives everything back; a second time does nothing. */
  release(): void {
    this.#give(this.#held);
    this.#held = 0;
  }
}
