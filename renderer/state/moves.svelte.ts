/** Ways to another frame: steps, jumps and halts that have begun, until their frame is on the screen. */
export class Moves {
  /** One is on its way. */
  arriving = $state(false);
  #underWay: readonly Promise<void>[] = [];
  /** How many ever began. */
  #begun = 0;

  begin(work: () => Promise<void>): Promise<void> {
    this.began();
    this.arriving = true;
    const move = work().finally(() => {
      this.#underWay = this.#underWay.filter((other) => other !== move);
      this.arriving = this.#underWay.length > 0;
    });
    this.#underWay = [...this.#underWay, move];
    return move;
  }

  /** One has begun that no frame is waited for, as playing. */
  began(): void {
    this.#begun += 1;
  }

  /** Waits for those that are under way: whether there were any, and whether another one began meanwhile. */
  async ended(): Promise<{ awaited: boolean; movedOn: boolean }> {
    const awaited = this.#underWay.length > 0;
    const begun = this.#begun;
    while (this.#underWay.length > 0 && begun === this.#begun) await Promise.race(this.#underWay);
    return { awaited, movedOn: begun !== this.#begun };
  }
}
